-- security: every name with the group of substantially identical securities it is in tonight and on the trade date; its own where none.
-- Grain:   one row per security_id.
-- Reads:   stated_security, stated_group.
-- Binds:   $night, $trade_date (dates).
-- Order:   security_id.
insert into security
with group_in_force as (
    select
        security_id,
        arg_max(identical_group, coalesce(from_date, date '0001-01-01'))
            filter (where coalesce(from_date, $night) <= $night) as identical_group,
        arg_max(identical_group, coalesce(from_date, date '0001-01-01')) as identical_group_next
    from stated_group
    where coalesce(from_date, $night) <= $trade_date
    group by security_id
)
select
    stated_security.security_id,
    stated_security.symbol,
    stated_security.name,
    stated_security.sector,
    coalesce(group_in_force.identical_group, stated_security.security_id) as identical_group,
    coalesce(group_in_force.identical_group_next, stated_security.security_id) as identical_group_next
from stated_security
left join group_in_force using (security_id)
order by stated_security.security_id
