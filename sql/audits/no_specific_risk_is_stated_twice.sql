-- no_specific_risk_is_stated_twice: names with several specific variances.
-- Grain:   one row per offending (security_id).
-- Reads:   specific_risk.
-- Binds:   nothing.
-- Order:   security_id.
select
    security_id,
    count(*) as times
from specific_risk
group by security_id
having count(*) > 1
order by security_id
