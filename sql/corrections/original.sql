-- original: the events that others supersede.
-- Grain:   one row or more per event_id.
create or replace temp table original (
    event_id varchar not null,
    account_id varchar not null,
    kind varchar not null,
    trade_date date not null,
    security_id varchar,
    arrived date not null
)
