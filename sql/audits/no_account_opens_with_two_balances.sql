-- no_account_opens_with_two_balances: accounts with several opening balances.
-- Grain:   one row per offending (account_id).
-- Reads:   opening_cash.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    count(*) as times
from opening_cash
group by account_id
having count(*) > 1
order by account_id
