-- load_losses: the losses that were still exposed at the close of the session before.
-- Grain:   one row per open loss.
-- Reads:   before, ledger_security, ledger_account.
-- Binds:   $night.
-- Order:   none needed.
insert into exposed_loss
select
    nextval('loss_number') as loss_id,
    0 as turn,
    0 as round,
    open_loss.household_id,
    coalesce(ledger_security.identical_group, open_loss.security_id) as identical_group,
    open_loss.account_id,
    open_loss.security_id,
    open_loss.sale_id,
    open_loss.lot_id,
    open_loss.piece_lo,
    open_loss.position_lo,
    open_loss.position_hi,
    open_loss.loss_from,
    open_loss.loss_shares,
    open_loss.loss_microusd,
    open_loss.sale_date,
    open_loss.sale_order,
    open_loss.acquired_date,
    open_loss.purchase_order,
    open_loss.holding_start_date,
    open_loss.long_term,
    coalesce(
        open_loss.bought_as,
        purchase_name(open_loss.account_id, open_loss.security_id, open_loss.lot_id, open_loss.acquired_date)
    ) as bought_as
from before.open_loss
left join ledger_security on ledger_security.security_id = open_loss.security_id
where
    open_loss.sale_date >= $night::date - 30
    and open_loss.household_id in (select household_id from ledger_account)
