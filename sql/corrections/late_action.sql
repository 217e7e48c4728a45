-- late_action: the actions that tonight understands, of earlier sessions, and that change lots.
-- Grain:   one row per action_id.
-- Reads:   actions.
-- Binds:   $night, $first_night.
-- Order:   action_id.
select action_id, security_id, effective_date
from actions.action
where
    understood
    and effective_date < $night::date
    and effective_date > $first_night::date
    and kind <> 'cash_dividend'
    and not (kind = 'symbol_change' and new_security_id is null)
order by action_id
