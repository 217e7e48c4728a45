-- past_night: one published night in figures, for the trend.
-- Grain:   one row.
-- Reads:   trades (of that night).
-- Binds:   $night.
-- Order:   a single row.
select
    $night::date as night,
    count(*) as accounts,
    count(*) filter (where status = 'CERTIFIED') as certified,
    count(*) filter (where status = 'CERTIFIED_NO_TRADE') as without_trade,
    count(*) filter (where status = 'CERTIFIED_RELAXED') as relaxed,
    count(*) filter (where status like 'HELD%') as held,
    sum(orders)::bigint as orders,
    (select coalesce(sum(estimated_microusd), 0) from trades.published_order)::bigint as traded_microusd,
    sum(harvested_loss_microusd)::bigint as harvested_loss_microusd,
    sum(realized_gain_microusd)::bigint as realized_gain_microusd,
    sum(tax_saved_microusd)::bigint as tax_saved_microusd,
    median(tracking_error_after_bps) as tracking_error_bps_median,
    max(gap_bp) as gap_bp_max
from trades.account_outcome
