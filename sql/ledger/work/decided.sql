-- decided: what the days that are booked again tonight booked or refused anew, and what is superseded; refusals of these
--          from earlier nights are void.
-- Grain:   one row or more per (event_id, account_id); only membership counts.
create or replace temp table decided (
    event_id varchar not null,
    account_id varchar not null,
    superseded boolean not null
)
