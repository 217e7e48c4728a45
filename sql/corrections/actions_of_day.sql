-- actions_of_day: the actions that take effect on the day, as they are known tonight, whenever their terms arrived.
-- Grain:   one row per action_id.
-- Reads:   known_action.
-- Binds:   $day.
-- Order:   action_id.
create or replace table actions.action as
select *, true as understood
from known_action
where effective_date = $day::date
order by action_id
