-- no_event_is_reported_twice: events of the custodian with several rows.
-- Grain:   one row per offending (event_id).
-- Reads:   activity.
-- Binds:   nothing.
-- Order:   event_id.
select
    event_id,
    count(*) as times
from activity
group by event_id
having count(*) > 1
order by event_id
