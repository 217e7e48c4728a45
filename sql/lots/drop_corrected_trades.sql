-- drop_corrected_trades: corrected households are aged apart, from the night before the earliest event that changed.
-- Grain:   rows of trade.
-- Reads:   corrected.
-- Binds:   nothing.
-- Order:   none needed.
delete from trade where household_id in (from corrected)
