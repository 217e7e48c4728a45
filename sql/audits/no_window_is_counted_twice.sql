-- no_window_is_counted_twice: households, groups and last days with more than one row in a wash window.
-- Grain:   one row per (side, household_id, identical_group, last_day).
-- Reads:   no_buy, no_loss_sale.
-- Binds:   nothing.
-- Order:   side, household_id, identical_group, last_day.
with side as (
    select 'no_buy' as side, household_id, identical_group, last_day from no_buy
    union all
    select 'no_loss_sale' as side, household_id, identical_group, last_day from no_loss_sale
)
select side, household_id, identical_group, last_day, count(*) as times
from side
group by all
having count(*) > 1
order by all
