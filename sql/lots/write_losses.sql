-- write_losses: the losses that purchases after tonight could still undo.
-- Grain:   one row per open loss.
-- Reads:   exposed_loss.
-- Binds:   nothing.
-- Order:   sale_date, sale_id, account_id, lot_id, piece_lo.
insert into open_loss
select
    household_id,
    account_id,
    security_id,
    sale_id,
    lot_id,
    piece_lo,
    position_lo,
    position_hi,
    loss_from,
    loss_shares,
    loss_microusd,
    sale_date,
    sale_order,
    acquired_date,
    purchase_order,
    holding_start_date,
    long_term,
    nullif(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date)) as bought_as
from exposed_loss
order by sale_date, sale_id, account_id, lot_id, piece_lo
