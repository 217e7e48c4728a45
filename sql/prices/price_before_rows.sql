-- price_before_rows: the prices of the session before.
-- Grain:   one row per security_id.
-- Reads:   before.price.
-- Binds:   nothing.
-- Order:   security_id.
insert into price_before
from before.price
order by security_id
