-- no_security_has_two_prices: securities with several closes on one night.
-- Grain:   one row per offending (security_id).
-- Reads:   price.
-- Binds:   nothing.
-- Order:   security_id.
select
    security_id,
    count(*) as times
from price
group by security_id
having count(*) > 1
order by security_id
