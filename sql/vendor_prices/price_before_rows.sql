-- price_before_rows: the prices of the session before, and what its file told.
-- Grain:   one row per security_id.
-- Reads:   prices_before.price.
-- Binds:   nothing.
-- Order:   security_id.
insert into price_before
select security_id, close_microusd, reported_microusd, trusted
from prices_before.price
order by security_id
