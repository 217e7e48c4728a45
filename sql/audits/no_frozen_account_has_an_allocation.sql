-- no_frozen_account_has_an_allocation: allocations of accounts, households or a book that a switch stops.
-- Grain:   one row per offending (account_id, ruling_id).
-- Reads:   allocation, switch, policies.
-- Binds:   nothing.
-- Order:   account_id, ruling_id.
select distinct allocation.account_id, switch.ruling_id
from allocation
join policies.account on account.account_id = allocation.account_id
join switch
    on (switch.scope = 'account' and switch.target = account.account_id)
    or (switch.scope = 'household' and switch.target = account.household_id)
    or switch.scope = 'book'
order by allocation.account_id, switch.ruling_id
