-- no_lot_is_oversold: parts with nothing left, or that reach outside the shares their basis is spread over.
-- Grain:   one row per offending sublot.
-- Reads:   sublot.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, position_lo.
select account_id, security_id, lot_id, position_lo, position_hi, part_from, part_shares
from sublot
where position_lo >= position_hi or position_lo < part_from or position_hi > part_from + part_shares
order by account_id, security_id, lot_id, position_lo
