-- restriction: what one account may not buy, sell or hold much of tonight, and why.
-- Grain:   one row per (kind, on_what, value).
-- Reads:   policies.
-- Binds:   $account.
-- Order:   kind, on_what, value.
select
    restriction.kind,
    restriction.on_what,
    restriction.value,
    coalesce(security.symbol, restriction.value) as symbol,
    restriction.weight_max,
    restriction.reason
from policies.restriction
left join policies.security on restriction.on_what = 'security' and security.security_id = restriction.value
where restriction.account_id = $account
order by restriction.kind, restriction.on_what, restriction.value
