-- shorten_matched_losses: what is left of the losses stays exposed.
-- Grain:   rows of exposed_loss.
-- Reads:   met.
-- Binds:   nothing.
-- Order:   none needed; matches take the lowest positions first.
update exposed_loss set position_lo = taken.position_lo
from (select loss_id, max(loss_hi) as position_lo from met group by loss_id) as taken
where taken.loss_id = exposed_loss.loss_id
