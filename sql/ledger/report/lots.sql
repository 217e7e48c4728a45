-- lots: every open part of a lot.
-- Grain:   one row per part_id.
-- Reads:   open_part.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, position_lo.
select
    account_id,
    security_id,
    lot_id,
    holding_start_date,
    position_hi - position_lo as micro_shares,
    part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd,
    absorbed or not purchase as absorbed
from open_part
order by account_id, security_id, lot_id, position_lo
