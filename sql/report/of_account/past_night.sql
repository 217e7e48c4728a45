-- past_night: one account's published outcome of one night.
-- Grain:   one row, or none where that night did not have the account.
-- Reads:   trades (of that night).
-- Binds:   $account, $night.
-- Order:   a single row.
select
    $night::date as night,
    shard,
    status,
    orders,
    tracking_error_before_bps,
    tracking_error_after_bps,
    harvested_loss_microusd,
    realized_gain_microusd,
    tax_saved_microusd,
    cash_after_microusd
from trades.account_outcome
where account_id = $account
