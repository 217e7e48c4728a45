-- no_loss_sale_follows_a_recent_purchase: sales that may lose, and that recent purchases of the household would disallow.
-- Grain:   one row per offending (account_id, security_id, lot_id).
-- Reads:   approved_order, policies, lots.
-- Binds:   $trade_date.
-- Order:   account_id, security_id, lot_id.
-- Recent are unused shares bought within 30 days, in any account of the household. Shares of the purchase that is sold
-- itself replace none of its own (Rev. Rul. 56-602), so only other purchases offend.
with part as (
    select
        sublot.*,
        coalesce(security.identical_group_next, sublot.security_id) as identical_group,
        coalesce(bought_as, purchase_name(account_id, sublot.security_id, lot_id, acquired_date)) as purchase_id,
        sum(position_hi - position_lo) over (
            partition by account_id, sublot.security_id, lot_id order by position_lo
        ) - (position_hi - position_lo) as sold_before
    from lots.sublot
    semi join approved_order
        on approved_order.account_id = sublot.account_id
        and approved_order.security_id = sublot.security_id
        and approved_order.lot_id = sublot.lot_id
    left join policies.security on security.security_id = sublot.security_id
),
recent as (
    select distinct
        sublot.household_id,
        coalesce(security.identical_group_next, sublot.security_id) as identical_group,
        coalesce(bought_as, purchase_name(account_id, sublot.security_id, lot_id, acquired_date)) as purchase_id
    from lots.sublot
    left join policies.security on security.security_id = sublot.security_id
    where purchase and not absorbed and acquired_date between $trade_date::date - 30 and $trade_date::date
)
select distinct
    approved_order.account_id,
    approved_order.security_id,
    approved_order.lot_id,
    approved_order.loss_microusd
from approved_order
join policies.account on account.account_id = approved_order.account_id
join part
    on part.account_id = approved_order.account_id
    and part.security_id = approved_order.security_id
    and part.lot_id = approved_order.lot_id
    and part.sold_before < approved_order.micro_shares
join recent
    on recent.household_id = approved_order.household_id
    and recent.identical_group = part.identical_group
    and recent.purchase_id <> part.purchase_id
where
    approved_order.may_lose
    or (approved_order.loss_microusd > 0 and account.registration in ('taxable', 'trust'))
order by approved_order.account_id, approved_order.security_id, approved_order.lot_id
