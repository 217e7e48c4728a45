-- name: one security, its price of the night and whether it is believed, and why nobody may trade it.
-- Grain:   one row per security_id of the identical group that the security is in for tonight's orders.
-- Reads:   policies, prices, actions.
-- Binds:   $security_id.
-- Order:   the security itself, then security_id.
with asked as (
    select coalesce(identical_group_next, security_id) as identical_group
    from policies.security
    where security_id = $security_id
)
select
    security.security_id,
    security.symbol,
    security.name,
    security.sector,
    security.identical_group_next as identical_group,
    price.close_microusd,
    price.reported_microusd,
    price.trusted,
    price.distrust,
    price.sessions_stale,
    price.total_return,
    frozen_security.reason as frozen_reason,
    frozen_security.since as frozen_since,
    switch_reason(switch.scope, switch.target, switch.ruling_id, switch.reason) as frozen_by
from policies.security
join asked on asked.identical_group = security.identical_group_next
left join prices.price on price.security_id = security.security_id
left join actions.frozen_security on frozen_security.security_id = security.security_id
left join policies.switch on switch.scope = 'security' and switch.target = security.security_id
order by security.security_id <> $security_id, security.security_id
