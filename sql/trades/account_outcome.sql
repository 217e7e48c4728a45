-- account_outcome: one shard's outcomes join the book's.
-- Grain:   one row per account_id.
-- Reads:   answered (one shard's reconciliation).
-- Binds:   $shard.
-- Order:   account_id.
insert into account_outcome
select
    account_id,
    household_id,
    $shard as shard,
    status,
    reasons,
    objective,
    bound,
    gap_bp,
    gap_microusd,
    tracking_error_before_bps,
    tracking_error_after_bps,
    harvested_loss_microusd,
    realized_gain_microusd,
    tax_saved_microusd,
    cash_before_microusd,
    cash_after_microusd,
    orders
from answered.outcome
order by account_id
