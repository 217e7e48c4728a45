-- cash_difference: accounts of which the book and the custodian have different balances, beyond the tolerance.
-- Grain:   one row per account_id.
-- Reads:   lots, shards, positions.
-- Binds:   $shard, $cash_tolerance_microusd.
-- Order:   account_id.
create or replace temp table cash_difference as
select
    account_shard.account_id,
    coalesce(cash.cash_microusd, 0) as book_micro,
    coalesce(custodian_cash.cash_microusd, 0) as custodian_micro,
    custodian_micro - book_micro as difference_micro
from shards.account_shard
left join lots.cash on cash.account_id = account_shard.account_id
left join positions.custodian_cash on custodian_cash.account_id = account_shard.account_id
where
    account_shard.shard = $shard
    and abs(coalesce(custodian_cash.cash_microusd, 0) - coalesce(cash.cash_microusd, 0)) > $cash_tolerance_microusd
order by account_shard.account_id
