-- known_action: the actions known before tonight, with tonight's judged anew.
-- Grain:   one row per action_id.
-- Reads:   known_before, action.
-- Binds:   $night, $session_before (dates).
-- Order:   action_id.
insert into known_action
select
    coalesce(action.action_id, known_before.action_id) as action_id,
    coalesce(action.security_id, known_before.security_id) as security_id,
    coalesce(action.ex_date, known_before.ex_date) as ex_date,
    coalesce(known_before.first_seen, $night) as first_seen,
    coalesce(known_before.late, action.ex_date <= $session_before) as late,
    case when action.understood then $night else known_before.booked_on end as booked_on,
    case when action.action_id is null then known_before.why_not else action.why_not end as why_not
from known_before
full join action on action.action_id = known_before.action_id
order by 1
