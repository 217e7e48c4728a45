-- no_account_is_in_two_shards: accounts with several places in the order of the solve.
-- Grain:   one row per offending (account_id).
-- Reads:   account_shard.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    count(*) as times
from account_shard
group by account_id
having count(*) > 1
order by account_id
