-- no_purchase_undoes_a_realised_loss: purchases in groups that the household's open losses close to buying.
-- Grain:   one row per offending (account_id, security_id).
-- Reads:   approved_order, policies, windows.
-- Binds:   $trade_date.
-- Order:   account_id, security_id.
select
    approved_order.account_id,
    approved_order.security_id
from approved_order
join policies.security on security.security_id = approved_order.security_id
semi join windows.no_buy
    on no_buy.household_id = approved_order.household_id
    and no_buy.identical_group = security.identical_group_next
    and no_buy.last_day >= $trade_date
where approved_order.side = 'buy'
order by approved_order.account_id, approved_order.security_id
