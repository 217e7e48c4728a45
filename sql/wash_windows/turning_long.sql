-- turning_long: when each part that is short-term on the next trade date becomes long-term.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo).
-- Reads:   lots.
-- Binds:   $trade_date.
-- Order:   account_id, security_id, lot_id, position_lo.
insert into turning_long
select account_id, security_id, lot_id, position_lo, long_from(holding_start_date) as long_from
from lots.sublot
where not no_basis and long_from(holding_start_date) > $trade_date::date
order by account_id, security_id, lot_id, position_lo
