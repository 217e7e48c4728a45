-- known_cash: cash that one night booked in the pairs.
-- Grain:   none; changes are summed.
-- Reads:   booked, pair.
-- Binds:   nothing.
-- Order:   none needed.
insert into cash_fact
select
    event.household_id,
    event.account_id,
    pair_security(event.kind, event.security_id) as security_id,
    -event.cash_microusd as cash_microusd
from booked.event
semi join pair
    on pair.household_id = event.household_id
    and pair.security_id = pair_security(event.kind, event.security_id)
where event.cash_microusd <> 0
