-- accounts_file: accounts.csv.
-- Grain:   one row per account_id of the book.
-- Reads:   account_outcome.
-- Binds:   $night.
-- Order:   account_id.
select
    $night as night,
    account_id,
    household_id,
    shard,
    status,
    reasons,
    objective::decimal(24, 12) as objective,
    bound::decimal(24, 12) as bound,
    gap_bp::decimal(24, 6) as gap_bp,
    gap_microusd * 0.000001 as gap_usd,
    tracking_error_before_bps::decimal(24, 6) as tracking_error_before_bps,
    tracking_error_after_bps::decimal(24, 6) as tracking_error_after_bps,
    harvested_loss_microusd * 0.000001 as harvested_loss_usd,
    realized_gain_microusd * 0.000001 as realized_gain_usd,
    tax_saved_microusd * 0.000001 as tax_saved_usd,
    cash_before_microusd * 0.000001 as cash_before_usd,
    cash_after_microusd * 0.000001 as cash_after_usd,
    orders
from account_outcome
order by account_id
