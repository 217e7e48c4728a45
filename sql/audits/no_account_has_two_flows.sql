-- no_account_has_two_flows: accounts with several expected flows.
-- Grain:   one row per offending (account_id).
-- Reads:   flow.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    count(*) as times
from flow
group by account_id
having count(*) > 1
order by account_id
