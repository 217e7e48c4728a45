-- write_parts: the touched sublots as they stand after the night.
-- Grain:   one row per sublot.
-- Reads:   open_part.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, position_lo.
insert into sublot
select
    household_id,
    account_id,
    security_id,
    lot_id,
    position_lo,
    position_hi,
    part_from,
    nullif(part_shares, position_hi) as other_part_shares,
    part_basis_microusd,
    acquired_date,
    purchase_order,
    nullif(holding_start_date, acquired_date) as other_holding_start_date,
    purchase,
    absorbed,
    truncated,
    no_basis,
    nullif(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date)) as bought_as
from open_part
order by account_id, security_id, lot_id, position_lo
