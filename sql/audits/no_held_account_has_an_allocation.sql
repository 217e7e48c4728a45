-- no_held_account_has_an_allocation: allocations of accounts that are held, or more of them than were answered.
-- Grain:   one row per offending account_id.
-- Reads:   account_outcome, allocation.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_outcome.account_id,
    account_outcome.status,
    account_outcome.orders,
    count(allocation.account_id) as allocations
from account_outcome
left join allocation on allocation.account_id = account_outcome.account_id
group by account_outcome.account_id, account_outcome.status, account_outcome.orders
having
    count(allocation.account_id) <> account_outcome.orders
    or (account_outcome.status like 'HELD%' and count(allocation.account_id) > 0)
order by account_outcome.account_id
