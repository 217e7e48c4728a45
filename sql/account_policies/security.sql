-- security: every name with the group of substantially identical securities it is in tonight; its own where none.
-- Grain:   one row per security_id.
-- Reads:   stated_security, stated_group.
-- Binds:   $night (date).
-- Order:   security_id.
insert into security
with group_tonight as (
    select
        security_id,
        arg_max(identical_group, coalesce(from_date, date '0001-01-01')) as identical_group
    from stated_group
    where coalesce(from_date, $night) <= $night
    group by security_id
)
select
    stated_security.security_id,
    stated_security.symbol,
    stated_security.name,
    stated_security.sector,
    coalesce(group_tonight.identical_group, stated_security.security_id) as identical_group
from stated_security
left join group_tonight using (security_id)
order by stated_security.security_id
