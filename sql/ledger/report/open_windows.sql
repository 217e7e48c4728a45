-- open_windows: loss shares that a purchase up to the last day would still undo.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss.
-- Binds:   $night.
-- Order:   sale_id, account_id, lot_id, piece_lo.
select
    household_id || '/' || identical_group as household_group,
    sale_id,
    lot_id,
    position_hi - position_lo as micro_shares,
    sale_date + 30 as last_day
from exposed_loss
where sale_date + 30 >= $night::date
order by sale_id, account_id, lot_id, piece_lo
