-- known_action: the actions known before tonight, with tonight's judged anew.
-- Grain:   one row per action_id.
-- Reads:   known_before, action.
-- Binds:   $night (date).
-- Order:   action_id.
insert into known_action by name
select
    action.* exclude (understood, why_not),
    coalesce(known_before.first_seen, $night::date) as first_seen,
    case when action.understood then $night::date end as booked_on,
    action.why_not
from action
left join known_before on known_before.action_id = action.action_id
union all by name
select known_before.*
from known_before
anti join action on action.action_id = known_before.action_id
order by action_id
