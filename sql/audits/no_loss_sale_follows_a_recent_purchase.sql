-- no_loss_sale_follows_a_recent_purchase: loss sales that recent purchases of the household would disallow.
-- Grain:   one row per offending (account_id, security_id, lot_id).
-- Reads:   approved_order, policies, windows.
-- Binds:   $trade_date.
-- Order:   account_id, security_id, lot_id.
select
    approved_order.account_id,
    approved_order.security_id,
    approved_order.lot_id,
    approved_order.loss_microusd
from approved_order
join policies.security on security.security_id = approved_order.security_id
join policies.account on account.account_id = approved_order.account_id
semi join windows.no_loss_sale
    on no_loss_sale.household_id = approved_order.household_id
    and no_loss_sale.identical_group = security.identical_group_next
    and no_loss_sale.last_day >= $trade_date
where
    approved_order.loss_microusd > 0
    and account.registration in ('taxable', 'trust') and account.mode <> 'tax_unaware'
order by approved_order.account_id, approved_order.security_id, approved_order.lot_id
