-- frozen_name: names nobody trades tonight, and why.
-- Grain:   one row per (security_id, reason).
-- Reads:   actions, prices, positions, trades.
-- Binds:   $stale_sessions_max (sessions without a trusted close beyond which the name is told to be stale).
-- Order:   security_id, reason.
insert into frozen_name
select security_id, reason, since
from actions.frozen_security
where security_id in (select security_id from positions.position)
union all
select
    security_id,
    'no trustworthy price: ' || distrust
    || case when sessions_stale > $stale_sessions_max then format(', stale for {} sessions', sessions_stale) else '' end
        as reason,
    null as since
from prices.price
where not trusted and security_id in (select security_id from positions.position)
union all
select target as security_id, switch_reason(scope, target, ruling_id, reason) as reason, null as since
from trades.switch
where scope = 'security'
order by security_id, reason
