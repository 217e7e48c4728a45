-- arrived_dates: the days on which lots that arrive from outside the book this turn were bought there, where an open loss
--                could lie within 30 days of them.
-- Grain:   one row per acquired_date.
-- Reads:   trade, exposed_loss.
-- Binds:   $night, $turn.
-- Order:   acquired_date.
select distinct trade.acquired_date
from trade
semi join exposed_loss
    on exposed_loss.household_id = trade.household_id
    and exposed_loss.identical_group = trade.identical_group
    and abs(trade.acquired_date - exposed_loss.sale_date) <= 30
where
    trade.turn = $turn
    and trade.kind = 'transfer_in'
    and trade.other_account_id is null
    and trade.acquired_date < $night::date
order by trade.acquired_date
