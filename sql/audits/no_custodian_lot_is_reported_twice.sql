-- no_custodian_lot_is_reported_twice: parts of one lot with one holding start that come in two rows.
-- Grain:   one row per offending (account_id, security_id, lot_id, holding_start_date).
-- Reads:   custodian_lot.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, holding_start_date.
select account_id, security_id, lot_id, holding_start_date
from custodian_lot
group by account_id, security_id, lot_id, holding_start_date
having count(*) > 1
order by account_id, security_id, lot_id, holding_start_date
