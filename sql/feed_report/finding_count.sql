-- finding_count: how often the rules noticed what in the vendor's file of the night.
-- Grain:   one row per (kind, effect).
-- Reads:   vendor.finding, vendor.left_out_row, vendor.revised_close.
-- Binds:   nothing.
-- Order:   kind, effect.
insert into finding_count
with noticed as (
    select kind, effect from vendor.finding
    union all
    select 'row left out', 'left out' from vendor.left_out_row
    union all
    select kind || ' close', 'told' from vendor.revised_close
)
select kind, effect, count(*) as times
from noticed
group by kind, effect
order by kind, effect
