-- order: the published block orders with what their securities are called.
-- Grain:   one row per (security_id, side).
-- Reads:   trades, policies.
-- Binds:   nothing.
-- Order:   falling value, security_id, side.
select
    published_order.security_id,
    coalesce(security.symbol, published_order.security_id) as symbol,
    coalesce(security.name, '') as name,
    coalesce(security.sector, '') as sector,
    published_order.side,
    published_order.micro_shares,
    published_order.estimated_microusd,
    allocated.accounts
from trades.published_order
left join policies.security on security.security_id = published_order.security_id
left join (
    select security_id, side, count(distinct account_id) as accounts from trades.allocation group by security_id, side
) as allocated on allocated.security_id = published_order.security_id and allocated.side = published_order.side
order by published_order.estimated_microusd desc, published_order.security_id, published_order.side
