-- no_account_has_two_policies: accounts with several policies on one night.
-- Grain:   one row per offending (account_id).
-- Reads:   account.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    count(*) as times
from account
group by account_id
having count(*) > 1
order by account_id
