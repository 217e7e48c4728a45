-- unanswered: at the deadline, the accounts of a shard that has not answered are held.
-- Grain:   one row per account_id of the shard.
-- Reads:   shards, positions.
-- Binds:   $shard.
-- Order:   account_id.
insert into account_outcome
select
    account_shard.account_id,
    account_shard.household_id,
    $shard as shard,
    'HELD_DEADLINE' as status,
    'the shard had not answered at the deadline' as reasons,
    null as objective,
    null as bound,
    null as gap_bp,
    null as gap_microusd,
    null as tracking_error_before_bps,
    null as tracking_error_after_bps,
    0 as harvested_loss_microusd,
    0 as realized_gain_microusd,
    0 as tax_saved_microusd,
    custodian_cash.cash_microusd as cash_before_microusd,
    custodian_cash.cash_microusd as cash_after_microusd,
    0 as orders
from shards.account_shard
join positions.custodian_cash on custodian_cash.account_id = account_shard.account_id
where account_shard.shard = $shard
order by account_shard.account_id
