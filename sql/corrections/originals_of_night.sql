-- originals_of_night: the superseded events that one night's file brought.
-- Grain:   one row per (event_id, account_id).
-- Reads:   activity, arrival, original.
-- Binds:   $arrived.
-- Order:   none needed.
insert into original
select event_id, account_id, kind, trade_date, security_id, $arrived::date as arrived
from activity.activity
where
    event_id in (select supersedes from arrival)
    and event_id not in (select event_id from original)
