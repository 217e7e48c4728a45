-- no_household_buys_what_it_sells_at_a_loss: the wash proof over tonight's orders (26 U.S.C. 1091).
-- Grain:   one row per offending (household_id, identical_group).
-- Reads:   approved_order, policies.
-- Binds:   nothing.
-- Order:   household_id, identical_group.
select
    approved_order.household_id,
    security.identical_group_next
from approved_order
join policies.security on security.security_id = approved_order.security_id
join policies.account on account.account_id = approved_order.account_id
group by approved_order.household_id, security.identical_group_next
having
    bool_or(
        approved_order.side = 'sell' and (approved_order.may_lose or approved_order.loss_microusd > 0)
        and account.registration in ('taxable', 'trust')
    )
    and bool_or(approved_order.side = 'buy')
order by approved_order.household_id, security.identical_group_next
