-- no_loss_sale_follows_a_recent_purchase: sales that may lose, and that recent purchases of the household would disallow.
-- Grain:   one row per offending (account_id, security_id, lot_id).
-- Reads:   approved_order, policies, lots.
-- Binds:   $trade_date.
-- Order:   account_id, security_id, lot_id.
-- Recent are unused shares bought within 30 days, in any account of the household. Shares of the purchase that is sold
-- itself replace none of its own (Rev. Rul. 56-602), so only other purchases offend.
with sold as (
    select
        approved_order.household_id,
        approved_order.account_id,
        approved_order.security_id,
        approved_order.lot_id,
        approved_order.micro_shares,
        approved_order.loss_microusd
    from approved_order
    join policies.account on account.account_id = approved_order.account_id
    where
        approved_order.may_lose
        or (approved_order.loss_microusd > 0 and account.registration in ('taxable', 'trust'))
),
part as (
    select
        sublot.*,
        coalesce(security.identical_group_next, sublot.security_id) as identical_group,
        coalesce(bought_as, purchase_name(account_id, sublot.security_id, lot_id, acquired_date)) as purchase_id,
        sum(position_hi - position_lo) over (
            partition by account_id, sublot.security_id, lot_id order by position_lo
        ) - (position_hi - position_lo) as sold_before
    from lots.sublot
    semi join sold
        on sold.account_id = sublot.account_id
        and sold.security_id = sublot.security_id
        and sold.lot_id = sublot.lot_id
    left join policies.security on security.security_id = sublot.security_id
),
late as (
    select sublot.*, coalesce(security.identical_group_next, sublot.security_id) as identical_group
    from lots.sublot
    left join policies.security on security.security_id = sublot.security_id
    where purchase and not absorbed and acquired_date between $trade_date::date - 30 and $trade_date::date
),
sold_part as (
    select sold.*, part.identical_group, part.purchase_id
    from sold
    join part
        on part.account_id = sold.account_id
        and part.security_id = sold.security_id
        and part.lot_id = sold.lot_id
        and part.sold_before < sold.micro_shares
),
recent as (
    select
        late.household_id,
        late.identical_group,
        coalesce(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date)) as purchase_id
    from late
    semi join sold_part
        on sold_part.household_id = late.household_id and sold_part.identical_group = late.identical_group
)
select distinct
    sold_part.account_id,
    sold_part.security_id,
    sold_part.lot_id,
    sold_part.loss_microusd
from sold_part
join recent
    on recent.household_id = sold_part.household_id
    and recent.identical_group = sold_part.identical_group
    and recent.purchase_id <> sold_part.purchase_id
order by sold_part.account_id, sold_part.security_id, sold_part.lot_id
