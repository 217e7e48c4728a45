-- no_security_is_frozen_twice: securities with several reasons to be frozen.
-- Grain:   one row per offending (security_id).
-- Reads:   frozen_security.
-- Binds:   nothing.
-- Order:   security_id.
select
    security_id,
    count(*) as times
from frozen_security
group by security_id
having count(*) > 1
order by security_id
