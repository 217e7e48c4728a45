-- name_non_trades: trades in one identical group that accounts of a household did not make.
-- Grain:   one row per (account_id, security_id, side, stopped_by).
-- Reads:   proposals, policies, shards.
-- Binds:   $household_id, $identical_group.
-- Order:   account_id, security_id, side, stopped_by.
select
    non_trade.account_id,
    non_trade.security_id,
    non_trade.side,
    non_trade.stopped_by,
    non_trade.detail,
    non_trade.until,
    non_trade.worth_usd
from proposals.non_trade
join shards.account_shard
    on account_shard.account_id = non_trade.account_id and account_shard.household_id = $household_id
join policies.security
    on security.security_id = non_trade.security_id and security.identical_group_next = $identical_group
order by non_trade.account_id, non_trade.security_id, non_trade.side, non_trade.stopped_by
