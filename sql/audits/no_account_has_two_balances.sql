-- no_account_has_two_balances: accounts with several cash balances at the custodian.
-- Grain:   one row per offending (account_id).
-- Reads:   custodian_cash.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    count(*) as times
from custodian_cash
group by account_id
having count(*) > 1
order by account_id
