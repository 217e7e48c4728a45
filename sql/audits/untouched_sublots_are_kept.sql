-- untouched_sublots_are_kept: the night's sublots are not those it worked on and all the others of the night before.
-- Grain:   one row where rows, shares or basis differ.
-- Reads:   before, touched, open_part, sublot.
-- Binds:   nothing.
-- Order:   one row.
with counted as (
    select
        1 as side,
        count(*) as sublots,
        sum(position_hi - position_lo)::hugeint as micro_shares,
        sum(part_basis_microusd)::hugeint as microusd
    from before.sublot
    union all
    select -1, count(*), sum(sublot.position_hi - sublot.position_lo), sum(sublot.part_basis_microusd)
    from before.sublot
    semi join touched on touched.source_row = sublot.rowid
    union all
    select 1, count(*), sum(position_hi - position_lo), sum(part_basis_microusd)
    from open_part
    union all
    select -1, count(*), sum(position_hi - position_lo), sum(part_basis_microusd)
    from sublot
)
select
    sum(side * sublots) as missing_sublots,
    sum(side * coalesce(micro_shares, 0)) as missing_micro_shares,
    sum(side * coalesce(microusd, 0)) as missing_microusd
from counted
having
    sum(side * sublots) <> 0
    or sum(side * coalesce(micro_shares, 0)) <> 0
    or sum(side * coalesce(microusd, 0)) <> 0
