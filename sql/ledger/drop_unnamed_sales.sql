-- drop_unnamed_sales: sales whose lots have been named.
-- Grain:   rows of trade.
-- Reads:   trade.
-- Binds:   $turn.
-- Order:   none needed.
delete from trade where turn = $turn and kind = 'sell' and lot_id is null
