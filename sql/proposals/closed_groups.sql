-- closed_groups: groups in which a household may not buy, or may not sell at a loss, on the trade date.
-- Grain:   one row per (household_id, identical_group).
-- Reads:   windows.
-- Binds:   $trade_date.
-- Order:   household_id, identical_group.
select
    household_id,
    identical_group,
    bool_or(closes = 'buy') as closed_to_buying,
    bool_or(closes = 'loss sale') as closed_to_loss_sales
from (
    select household_id, identical_group, 'buy' as closes from windows.no_buy where last_day >= $trade_date
    union all
    select household_id, identical_group, 'loss sale' as closes from windows.no_loss_sale where last_day >= $trade_date
) as closings
group by household_id, identical_group
order by household_id, identical_group
