-- no_loss_sale: groups in which recent purchases, still held and unused, would wash a loss on the next trade date.
-- Grain:   one row per (household_id, identical_group, last_day).
-- Reads:   lots, policies.
-- Binds:   $trade_date.
-- Order:   household_id, identical_group, last_day.
-- Notes:   purchases of every account count, retirement accounts included (Rev. Rul. 2008-5). Shares of one purchase do
--          not wash a loss on others of it (Rev. Rul. 56-602): only_purchase names it where there is but one.
insert into no_loss_sale
with recent as (
    select
        sublot.household_id,
        coalesce(security.identical_group_next, sublot.security_id) as identical_group,
        sublot.position_hi - sublot.position_lo as micro_shares,
        sublot.acquired_date + 30 as last_day,
        coalesce(
            sublot.bought_as,
            purchase_name(sublot.account_id, sublot.security_id, sublot.lot_id, sublot.acquired_date)
        ) as bought_as
    from lots.sublot
    left join policies.security on security.security_id = sublot.security_id
    where
        sublot.purchase
        and not sublot.absorbed
        and sublot.acquired_date between $trade_date::date - 30 and $trade_date::date
)
select
    household_id,
    identical_group,
    sum(micro_shares)::bigint as micro_shares,
    last_day,
    case when count(distinct bought_as) = 1 then min(bought_as) end as only_purchase
from recent
group by household_id, identical_group, last_day
order by household_id, identical_group, last_day
