-- reason: the published allocations by reason and side.
-- Grain:   one row per (side, reason).
-- Reads:   trades.
-- Binds:   nothing.
-- Units:   gains are those of taxable and trust accounts, as in the published accounts.
-- Order:   side, reason.
select
    allocation.side,
    allocation.reason,
    count(*) as allocations,
    count(distinct allocation.account_id) as accounts,
    sum(allocation.estimated_microusd)::bigint as estimated_microusd,
    coalesce(
        sum(allocation.gain_microusd)
            filter (where allocation.side = 'sell' and account.registration in ('taxable', 'trust')), 0
    )::bigint as gain_microusd
from trades.allocation
left join policies.account on account.account_id = allocation.account_id
group by allocation.side, allocation.reason
order by allocation.side, allocation.reason
