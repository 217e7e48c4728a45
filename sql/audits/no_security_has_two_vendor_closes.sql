-- no_security_has_two_vendor_closes: securities with several rows of one vendor's file.
-- Grain:   one row per offending (security_id).
-- Reads:   vendor_close.
-- Binds:   nothing.
-- Order:   security_id.
select
    security_id,
    count(*) as times
from vendor_close
group by security_id
having count(*) > 1
order by security_id
