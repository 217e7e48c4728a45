-- no_exposure_is_stated_twice: exposures with several values.
-- Grain:   one row per offending (security_id, factor).
-- Reads:   exposure.
-- Binds:   nothing.
-- Order:   security_id, factor.
select
    security_id,
    factor,
    count(*) as times
from exposure
group by security_id, factor
having count(*) > 1
order by security_id, factor
