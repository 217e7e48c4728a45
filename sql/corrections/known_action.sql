-- known_action: the actions known tonight that change lots, those of earlier days included.
-- Grain:   one row per action_id.
-- Reads:   actions.
-- Binds:   $first_night.
-- Order:   action_id.
create or replace temp table known_action as
select *
from actions.known_action
where
    booked_on is not null
    and effective_date > $first_night::date
    and kind <> 'cash_dividend'
    and not (kind = 'symbol_change' and new_security_id is null)
order by action_id
