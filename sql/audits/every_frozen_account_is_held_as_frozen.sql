-- every_frozen_account_is_held_as_frozen: accounts that a switch stops and that are published as anything else.
-- Grain:   one row per offending (account_id, ruling_id).
-- Reads:   account_outcome, switch.
-- Binds:   nothing.
-- Order:   account_id, ruling_id.
select account_outcome.account_id, account_outcome.status, switch.ruling_id
from account_outcome
join switch
    on (switch.scope = 'account' and switch.target = account_outcome.account_id)
    or (switch.scope = 'household' and switch.target = account_outcome.household_id)
    or switch.scope = 'book'
where account_outcome.status <> 'HELD_FROZEN'
order by account_outcome.account_id, switch.ruling_id
