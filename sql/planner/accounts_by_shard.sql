-- accounts_by_shard: how many accounts each shard has.
-- Grain:   one row per shard.
-- Reads:   shards.
-- Order:   shard.
select
    shard,
    count(*) as accounts
from shards.account_shard
group by shard
order by shard
