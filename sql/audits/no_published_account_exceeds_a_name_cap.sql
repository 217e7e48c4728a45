-- no_published_account_exceeds_a_name_cap: names bought beyond their cap; a holding above it may only fall.
-- Grain:   one row per offending (account_id, security_id).
-- Reads:   limit_fact, holding_after, policies.
-- Binds:   nothing.
-- Order:   account_id, security_id.
with capped as (
    select
        holding_after.account_id,
        holding_after.security_id,
        any_value(holding_after.value_before) as value_before,
        any_value(holding_after.value_after) as value_after,
        least(coalesce(min(restriction.weight_max), 1.0), 1.0) as weight_max
    from holding_after
    join policies.security on security.security_id = holding_after.security_id
    left join policies.restriction
        on restriction.account_id = holding_after.account_id
        and restriction.kind = 'max_weight'
        and restriction.value = case restriction.on_what when 'security' then security.security_id else security.sector end
    where holding_after.bought
    group by holding_after.account_id, holding_after.security_id
)
select capped.account_id, capped.security_id, capped.weight_max
from capped
join limit_fact on limit_fact.account_id = capped.account_id
where
    capped.value_after // 1000000 > greatest(
        round(capped.weight_max * 1e15)::hugeint * limit_fact.nav // 1000000000000000, capped.value_before // 1000000
    ) + limit_fact.slack + 4
order by capped.account_id, capped.security_id
