-- confirmed_price: a place for the names whose close of tonight the operator has confirmed.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table confirmed_price (security_id varchar not null)
