-- no_household_trades_what_is_in_dispute: orders that an unknown trade could turn into a wash sale.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   approved_order, recon_break, policies, lots.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
with disputed as (
    select distinct account.household_id, security.identical_group_next
    from recon_break
    join policies.account on account.account_id = recon_break.account_id
    join policies.security on security.security_id = recon_break.security_id
)
select distinct
    approved_order.account_id,
    approved_order.security_id,
    approved_order.side
from approved_order
join policies.account on account.account_id = approved_order.account_id
join policies.security on security.security_id = approved_order.security_id
where
    (
        (approved_order.household_id, security.identical_group_next) in (select (household_id, identical_group_next) from disputed)
        and (
            approved_order.side = 'buy'
            or (
                (approved_order.loss_microusd > 0 or approved_order.may_lose)
                and account.registration in ('taxable', 'trust')
            )
        )
    )
    or approved_order.household_id in (select household_id from lots.refused_event)
order by approved_order.account_id, approved_order.security_id, approved_order.side
