-- no_restricted_or_frozen_name_is_traded: orders against a restriction, in a frozen name, or without a trusted price.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   approved_order, policies, actions, prices.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
select distinct
    approved_order.account_id,
    approved_order.security_id,
    approved_order.side
from approved_order
join policies.security on security.security_id = approved_order.security_id
left join prices.price on price.security_id = approved_order.security_id
where
    not coalesce(price.trusted, false)
    or approved_order.price_microusd <> price.close_microusd
    or approved_order.security_id in (select security_id from actions.frozen_security)
    or approved_order.security_id in (select target from policies.switch where scope = 'security')
    or (approved_order.account_id, approved_order.security_id) in (
        select (account_id, security_id) from policies.acceptance where security_id is not null
    )
    or exists (
        select 1
        from policies.restriction
        where
            restriction.account_id = approved_order.account_id
            and restriction.value = case restriction.on_what
                when 'security' then security.security_id else security.sector
            end
            and (
                (approved_order.side = 'buy' and restriction.kind in ('exclude', 'no_buy'))
                or (approved_order.side = 'sell' and restriction.kind = 'no_sell')
            )
    )
order by approved_order.account_id, approved_order.security_id, approved_order.side
