-- known_before_rows: the actions known at the session before.
-- Grain:   one row per action_id.
-- Reads:   before.known_action.
-- Binds:   nothing.
-- Order:   action_id.
insert into known_before
from before.known_action
order by action_id
