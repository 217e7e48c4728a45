-- keep_untouched: sublots that tonight cannot change, copied as they are.
-- Grain:   one row per sublot.
-- Reads:   before, touched.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, position_lo.
insert into sublot
select sublot.* exclude (part_shares, holding_start_date)
from before.sublot
anti join touched on touched.source_row = sublot.rowid
order by sublot.account_id, sublot.security_id, sublot.lot_id, sublot.position_lo
