-- activity_of_day: the day's events as they are known tonight, whenever they arrived, less the superseded ones.
-- Grain:   one row per (event_id, account_id).
-- Reads:   arrival.
-- Binds:   $day.
-- Order:   none needed.
-- Notes:   an event that arrives again under its own name stands as it first arrived.
create or replace table activity.activity as
select * exclude (arrived)
from arrival
where
    trade_date = $day::date
    and not exists (select 1 from arrival as later where later.supersedes = arrival.event_id)
qualify arrived = min(arrived) over (partition by event_id, account_id)
