-- no_security_has_two_groups: securities in several groups of identical securities.
-- Grain:   one row per offending (security_id).
-- Reads:   security.
-- Binds:   nothing.
-- Order:   security_id.
select
    security_id,
    count(*) as times
from security
group by security_id
having count(*) > 1
order by security_id
