-- orders_file: orders.csv.
-- Grain:   one row per (security_id, side).
-- Reads:   published_order.
-- Binds:   $night.
-- Order:   security_id, side.
select
    $night as night,
    security_id,
    side,
    micro_shares * 0.000001 as shares,
    estimated_microusd * 0.000001 as estimated_usd
from published_order
order by security_id, side
