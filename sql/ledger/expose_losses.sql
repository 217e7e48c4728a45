-- expose_losses: the turn's losses; `order_losses` says in which round each looks for shares bought before it.
-- Grain:   one row per piece sold at a loss.
-- Reads:   taken.
-- Binds:   $night, $turn.
-- Order:   none needed.
-- Notes:   two floor differences stand apart by at most one micro-dollar from the exact gain, and where an action left a
--          part of a micro-share out, by what a micro-share costs: a smaller loss is rounding.
insert into exposed_loss
select
    nextval('loss_number') as loss_id,
    $turn as turn,
    1 as round,
    household_id,
    identical_group,
    account_id,
    security_id,
    event_id as sale_id,
    lot_id,
    position_lo as piece_lo,
    position_lo,
    position_hi,
    position_lo as loss_from,
    position_hi - position_lo as loss_shares,
    basis_microusd - proceeds_microusd as loss_microusd,
    $night::date as sale_date,
    sequence as sale_order,
    acquired_date,
    purchase_order,
    holding_start_date,
    $night::date >= long_from(holding_start_date) as long_term,
    bought_as
from taken
where
    not no_basis
    and basis_microusd - proceeds_microusd > 1 + case when truncated then part_basis_microusd // part_shares + 1 else 0 end
