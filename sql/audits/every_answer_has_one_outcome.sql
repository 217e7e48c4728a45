-- every_answer_has_one_outcome: accounts of the shard without an outcome, or with several.
-- Grain:   one row per offending account_id.
-- Reads:   outcome, shards.
-- Binds:   $shard.
-- Order:   account_id.
select
    account_shard.account_id,
    count(outcome.account_id) as outcomes
from shards.account_shard
left join outcome on outcome.account_id = account_shard.account_id
where account_shard.shard = $shard
group by account_shard.account_id
having count(outcome.account_id) <> 1
order by account_shard.account_id
