-- reported_action: a place for what is told of actions tonight, in the units of the tables.
-- Grain:   one row per action_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the feed and from the operator's terms.
create temp table reported_action as
select
    * exclude (understood, why_not),
    null::varchar as unresolved -- what the operator's terms leave open
from action
limit 0
