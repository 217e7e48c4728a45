-- closed_groups: groups in which a household may not buy, or may not sell at a loss, on the trade date.
-- Grain:   one row per (household_id, identical_group).
-- Reads:   windows, compared_holding, policies, shards.
-- Binds:   $trade_date, $shard.
-- Note:    where book and custodian disagree about a position, an unknown trade may have opened a window either way.
--          Where all recent unused shares of a group are of one purchase, loss sales of that purchase stay open: its
--          remaining shares replace none of those sold (Rev. Rul. 56-602). It is named in open_to_purchase.
-- Order:   household_id, identical_group.
select
    household_id,
    identical_group,
    bool_or(closes = 'buy') as closed_to_buying,
    bool_or(closes = 'loss sale') as closed_to_loss_sales,
    case
        when count(*) filter (where closes = 'loss sale') = count(only_purchase) and min(only_purchase) = max(only_purchase)
            then min(only_purchase)
    end as open_to_purchase,
    max(last_day) filter (where closes = 'buy') as no_buy_until,
    max(last_day) filter (where closes = 'loss sale') as no_loss_sale_until
from (
    select household_id, identical_group, 'buy' as closes, null as only_purchase, last_day
    from windows.no_buy
    where last_day >= $trade_date
    union all
    select household_id, identical_group, 'loss sale' as closes, only_purchase, last_day
    from windows.no_loss_sale
    where last_day >= $trade_date
    union all
    select account_shard.household_id, security.identical_group_next, closes, null as only_purchase, null as last_day
    from compared_holding as disputed
    join shards.account_shard on account_shard.account_id = disputed.account_id and account_shard.shard = $shard
    join policies.security on security.security_id = disputed.security_id
    cross join (values ('buy'), ('loss sale')) as both_ways (closes)
    where disputed.book_micro <> disputed.custodian_micro
) as closings
group by household_id, identical_group
order by household_id, identical_group
