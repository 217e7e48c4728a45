-- answered_outcome: one shard's outcomes join the book's.
-- Grain:   one row per account_id of the shard.
-- Reads:   reconciliation of the shard.
-- Binds:   $shard.
-- Order:   account_id.
insert into answered_outcome
select
    account_id,
    household_id,
    $shard,
    status,
    reasons,
    harvested_loss_microusd,
    realized_gain_microusd,
    cash_before_microusd,
    cash_after_microusd,
    orders
from answered.outcome
order by account_id
