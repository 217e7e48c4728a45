-- book_disposals: the pieces sold this turn, before any wash sale.
-- Grain:   one row per (sale_id, account_id, security_id, lot_id, position_lo).
-- Reads:   taken.
-- Binds:   $night.
-- Order:   sale_id, account_id, security_id, lot_id, position_lo.
insert into disposal_piece
select
    household_id,
    account_id,
    identical_group,
    security_id,
    event_id as sale_id,
    lot_id,
    position_lo,
    position_hi,
    proceeds_microusd,
    basis_microusd,
    acquired_date,
    holding_start_date,
    $night::date as sale_date,
    sequence as sale_order,
    $night::date >= long_from(holding_start_date) as long_term,
    not no_basis as taxable,
    nullif(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date)) as bought_as
from taken
order by sale_id, account_id, security_id, lot_id, position_lo
