-- arrived_purchases: the parts that arrive from outside the book this turn and were bought there on one day.
-- Grain:   one row per part_id.
-- Reads:   open_part, trade.
-- Binds:   $turn, $acquired.
-- Order:   none needed; meeting orders them.
create or replace temp table candidate as
select open_part.*
from open_part
semi join trade
    on trade.account_id = open_part.account_id
    and trade.security_id = open_part.security_id
    and trade.lot_id = open_part.lot_id
    and trade.turn = $turn
    and trade.kind = 'transfer_in'
    and trade.other_account_id is null
where open_part.purchase and not open_part.absorbed and open_part.acquired_date = $acquired::date
