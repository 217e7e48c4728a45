-- published_order: one block per security and side, the sum of its allocations.
-- Grain:   one row per (security_id, side).
-- Reads:   allocation.
-- Binds:   nothing.
-- Order:   security_id, side.
insert into published_order
select
    security_id,
    side,
    sum(micro_shares)::bigint as micro_shares,
    sum(estimated_microusd)::bigint as estimated_microusd
from allocation
group by security_id, side
order by security_id, side
