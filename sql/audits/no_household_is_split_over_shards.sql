-- no_household_is_split_over_shards: households in several shards, between which wash sales would not be seen.
-- Grain:   one row per offending household_id.
-- Reads:   account_shard.
-- Binds:   nothing.
-- Order:   household_id.
select
    household_id,
    count(distinct shard) as shards
from account_shard
group by household_id
having count(distinct shard) > 1
order by household_id
