-- allocations_file: allocations.csv.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   allocation.
-- Binds:   $night.
-- Order:   account_id, security_id, side, lot_id.
select
    $night as night,
    account_id,
    security_id,
    side,
    micro_shares * 0.000001 as shares,
    lot_id,
    price_microusd * 0.000001 as price_usd,
    estimated_microusd * 0.000001 as estimated_usd,
    case when side = 'sell' then gain_microusd * 0.000001 end as estimated_gain_usd,
    term,
    reason
from allocation
order by account_id, security_id, side, lot_id
