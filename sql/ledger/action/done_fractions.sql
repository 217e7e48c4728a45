-- done_fractions: what an action sold of fractions has left the lots; the next action's come by themselves.
-- Grain:   rows of trade.
-- Reads:   nothing else.
-- Binds:   nothing.
-- Order:   none needed.
update trade set turn = -2 where turn = -1
