-- account: one account's policy of the night, its shard, and its place in the household's order.
-- Grain:   one row, none where the book has no such account.
-- Reads:   policies, shards.
-- Binds:   $account_id.
-- Order:   none needed.
select account.*, account_shard.shard, account_shard.wave
from policies.account
join shards.account_shard on account_shard.account_id = account.account_id
where account.account_id = $account_id
