-- exchange_losses: open losses follow their security into new shares; what is left of each loss is unchanged.
-- Grain:   rows of exposed_loss.
-- Reads:   ledger_security.
-- Binds:   $security_id, $new_security_id, $ratio_new, $ratio_old.
-- Order:   none needed.
update exposed_loss set
    security_id = $new_security_id,
    identical_group = coalesce(
        (select identical_group from ledger_security where security_id = $new_security_id), $new_security_id
    ),
    position_lo = scaled(position_lo, $ratio_new, $ratio_old),
    position_hi = scaled(position_hi, $ratio_new, $ratio_old),
    loss_from = scaled(position_lo, $ratio_new, $ratio_old),
    loss_shares = scaled(position_hi, $ratio_new, $ratio_old) - scaled(position_lo, $ratio_new, $ratio_old),
    loss_microusd = part(loss_microusd, loss_shares, position_lo - loss_from, position_hi - loss_from)
where security_id = $security_id
