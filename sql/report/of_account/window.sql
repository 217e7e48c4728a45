-- window: the wash windows of one account's household on the trade date, with the securities that they close.
-- Grain:   one row per (identical_group, closes, last_day).
-- Reads:   policies, windows.
-- Binds:   $account, $trade_date.
-- Note:    a loss sale closes the group to buying for 30 days, a purchase to loss sales (26 U.S.C. 1091).
-- Order:   identical_group, closes, last_day.
with closing as (
    select household_id, identical_group, 'buying' as closes, micro_shares, loss_microusd, last_day, null as only_purchase
    from windows.no_buy
    union all
    select household_id, identical_group, 'loss sales', micro_shares, null, last_day, only_purchase
    from windows.no_loss_sale
)
select
    closing.identical_group,
    coalesce(grouped.symbols, closing.identical_group) as symbols,
    closing.closes,
    closing.last_day - 30 as first_day,
    closing.last_day,
    closing.micro_shares,
    closing.loss_microusd,
    closing.only_purchase is not null as one_purchase
from closing
left join (
    select identical_group_next, string_agg(symbol, ', ' order by symbol, security_id) as symbols
    from policies.security
    group by identical_group_next
) as grouped on grouped.identical_group_next = closing.identical_group
where
    closing.household_id = (select household_id from policies.account where account_id = $account)
    and closing.last_day >= $trade_date::date
order by closing.identical_group, closing.closes, closing.last_day
