-- purchases_of_turn: the parts bought this turn, which meet the losses sold before them.
-- Grain:   one row per part_id.
-- Reads:   open_part, trade.
-- Binds:   $night, $turn.
-- Order:   none needed; meeting orders them.
create or replace temp table candidate as
select open_part.*
from open_part
semi join trade
    on trade.account_id = open_part.account_id
    and trade.security_id = open_part.security_id
    and trade.lot_id = open_part.lot_id
    and trade.turn = $turn
    and trade.kind in ('buy', 'reinvest', 'transfer_in')
where open_part.purchase and not open_part.absorbed and open_part.acquired_date = $night::date
