-- every_block_is_the_sum_of_its_allocations: block orders that their allocations do not add up to, in shares or dollars.
-- Grain:   one row per offending (security_id, side).
-- Reads:   published_order, traded.
-- Binds:   nothing.
-- Order:   security_id, side.
select
    security_id,
    side,
    sum(block_micro) as block_micro,
    sum(allocated_micro) as allocated_micro,
    sum(block_microusd) as block_microusd,
    sum(allocated_microusd) as allocated_microusd
from (
    select
        security_id,
        side,
        micro_shares as block_micro,
        0 as allocated_micro,
        estimated_microusd as block_microusd,
        0 as allocated_microusd,
        1 as blocks
    from published_order
    union all
    select security_id, side, 0, micro_shares, 0, estimated_microusd, 0
    from traded
) as both_sides
group by security_id, side
having
    sum(block_micro) <> sum(allocated_micro)
    or sum(block_microusd) <> sum(allocated_microusd)
    or sum(blocks) <> 1
order by security_id, side
