-- settle_confirmed: what the operator confirmed is believed, wherever it is.
-- Grain:   one row per security_id.
-- Reads:   reported_price, confirmed_price.
-- Binds:   nothing.
-- Order:   none.
update reported_price
set doubt = null, settled = true
where security_id in (select security_id from confirmed_price)
