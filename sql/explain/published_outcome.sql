-- published_outcome: what is published of one account.
-- Grain:   one row.
-- Reads:   trades.
-- Binds:   $account_id.
-- Order:   none needed.
select * exclude (household_id, shard)
from trades.account_outcome
where account_id = $account_id
