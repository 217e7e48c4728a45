-- every_name_has_all_exposures: names with other than one exposure to every factor, or without specific risk.
-- Grain:   one row per offending security_id.
-- Reads:   exposure, specific_risk.
-- Binds:   $factors (integer).
-- Order:   security_id.
select
    coalesce(specific_risk.security_id, exposure.security_id) as security_id,
    count(exposure.factor) as exposures
from specific_risk
full join exposure on exposure.security_id = specific_risk.security_id
group by 1
having count(exposure.factor) <> $factors or count(specific_risk.security_id) = 0
order by 1
