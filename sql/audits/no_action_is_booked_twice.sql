-- no_action_is_booked_twice: corporate actions with several rows, of which each would be booked.
-- Grain:   one row per offending (action_id).
-- Reads:   known_action.
-- Binds:   nothing.
-- Order:   action_id.
select
    action_id,
    count(*) as times
from known_action
group by action_id
having count(*) > 1
order by action_id
