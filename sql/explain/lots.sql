-- lots: every open part of an account's lots, as its owner and the solve see it on the trade date.
-- Grain:   one row per (security_id, lot_id, position_lo); sales take a lot's parts in this order.
-- Reads:   lots.
-- Binds:   $account_id.
-- Order:   security_id, lot_id, position_lo.
select
    security_id,
    lot_id,
    position_hi - position_lo as micro_shares,
    part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd,
    acquired_date,
    holding_start_date,
    coalesce(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date)) as bought_as
from lots.sublot
where account_id = $account_id
order by security_id, lot_id, position_lo
