-- losses_before_purchases: open losses of the groups in which somebody of the household buys this turn.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss, trade.
-- Binds:   $night, $turn.
-- Order:   none needed; meeting orders them.
create or replace temp table loss_to_meet as
select exposed_loss.*
from exposed_loss
semi join trade
    on trade.household_id = exposed_loss.household_id
    and trade.identical_group = exposed_loss.identical_group
    and trade.turn = $turn
    and trade.kind in ('buy', 'reinvest', 'transfer_in')
where exposed_loss.sale_date >= $night::date - 30 and exposed_loss.turn >= 0
