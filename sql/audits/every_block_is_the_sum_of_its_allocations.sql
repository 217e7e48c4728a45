-- every_block_is_the_sum_of_its_allocations: block orders that their allocations do not add up to.
-- Grain:   one row per offending (security_id, side).
-- Reads:   published_order, allocation.
-- Binds:   nothing.
-- Order:   security_id, side.
select
    security_id,
    side,
    sum(block_micro) as block_micro,
    sum(allocated_micro) as allocated_micro
from (
    select security_id, side, micro_shares as block_micro, 0 as allocated_micro from published_order
    union all
    select security_id, side, 0 as block_micro, micro_shares as allocated_micro from allocation
) as both_sides
group by security_id, side
having sum(block_micro) <> sum(allocated_micro)
order by security_id, side
