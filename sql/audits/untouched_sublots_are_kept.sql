-- untouched_sublots_are_kept: the night's sublots are not those it worked on and all the others of the night before.
-- Grain:   one row where sublots, shares, positions, basis, dates or flags differ in sum.
-- Reads:   before, touched, open_part, sublot.
-- Binds:   nothing.
-- Order:   one row.
with counted as (
    select
        1 as side,
        count(*) as sublots,
        sum(position_hi - position_lo)::hugeint as micro_shares,
        sum(position_lo + part_from + part_shares)::hugeint as positions,
        sum(part_basis_microusd)::hugeint as microusd,
        sum((acquired_date - date '2000-01-01') + (holding_start_date - date '2000-01-01'))::hugeint as days,
        count_if(purchase) + count_if(absorbed) * 3 + count_if(no_basis) * 7 as flags
    from before.sublot
    union all
    select
        -1,
        count(*),
        sum(sublot.position_hi - sublot.position_lo),
        sum(sublot.position_lo + sublot.part_from + sublot.part_shares),
        sum(sublot.part_basis_microusd),
        sum((sublot.acquired_date - date '2000-01-01') + (sublot.holding_start_date - date '2000-01-01')),
        count_if(sublot.purchase) + count_if(sublot.absorbed) * 3 + count_if(sublot.no_basis) * 7
    from before.sublot
    semi join touched on touched.source_row = sublot.rowid
    union all
    select
        1,
        count(*),
        sum(position_hi - position_lo),
        sum(position_lo + part_from + part_shares),
        sum(part_basis_microusd),
        sum((acquired_date - date '2000-01-01') + (holding_start_date - date '2000-01-01')),
        count_if(purchase) + count_if(absorbed) * 3 + count_if(no_basis) * 7
    from open_part
    union all
    select
        -1,
        count(*),
        sum(position_hi - position_lo),
        sum(position_lo + part_from + part_shares),
        sum(part_basis_microusd),
        sum((acquired_date - date '2000-01-01') + (holding_start_date - date '2000-01-01')),
        count_if(purchase) + count_if(absorbed) * 3 + count_if(no_basis) * 7
    from sublot
)
select
    sum(side * sublots) as missing_sublots,
    sum(side * coalesce(micro_shares, 0)) as missing_micro_shares,
    sum(side * coalesce(positions, 0)) as missing_positions,
    sum(side * coalesce(microusd, 0)) as missing_microusd,
    sum(side * coalesce(days, 0)) as missing_days,
    sum(side * flags) as missing_flags
from counted
having
    missing_sublots <> 0
    or missing_micro_shares <> 0
    or missing_positions <> 0
    or missing_microusd <> 0
    or missing_days <> 0
    or missing_flags <> 0
