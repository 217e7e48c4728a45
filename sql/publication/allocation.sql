-- allocation: the published allocations, shares and money as integers.
-- Grain:   one row per line of allocations.csv.
-- Reads:   allocation_row.
-- Binds:   nothing.
create or replace temp table allocation as
select
    account_id,
    security_id,
    side,
    (shares * 1000000)::bigint as micro_shares,
    lot_id,
    (price_usd * 1000000)::bigint as price_microusd,
    (estimated_usd * 1000000)::bigint as estimated_microusd,
    (coalesce(estimated_gain_usd, 0) * 1000000)::bigint as gain_microusd,
    term,
    reason
from allocation_row
