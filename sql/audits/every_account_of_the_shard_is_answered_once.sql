-- every_account_of_the_shard_is_answered_once: accounts without an answer, or with several.
-- Grain:   one row per offending account_id.
-- Reads:   answer, shards.
-- Binds:   $shard.
-- Order:   account_id.
select
    coalesce(answer.account_id, account_shard.account_id) as account_id,
    count(answer.account_id) as answers
from (from shards.account_shard where shard = $shard) as account_shard
full join answer on answer.account_id = account_shard.account_id
group by all
having count(answer.account_id) <> 1 or count(account_shard.account_id) <> 1
order by account_id
