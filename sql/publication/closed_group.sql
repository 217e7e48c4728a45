-- closed_group: one shard's wash windows join the book's.
-- Grain:   one row per window.
-- Reads:   windows of the shard.
-- Binds:   $trade_date.
-- Order:   none needed; it is only asked whether there is one.
insert into closed_group
select household_id, identical_group, closes, only_purchase
from (
    select household_id, identical_group, 'buy' as closes, null as only_purchase, last_day from windows.no_buy
    union all
    select household_id, identical_group, 'loss sale' as closes, only_purchase, last_day from windows.no_loss_sale
) as closings
where last_day >= $trade_date::date
