-- no_certified_account_leaves_its_sector_band_or_cap: sectors and names of the holdings after the orders.
-- Grain:   one row per offending (account_id, limit_name).
-- Reads:   outcome, approved_order, policies, answer, compared_holding, prices, benchmark.
-- Binds:   nothing.
-- Order:   account_id, limit_name.
-- Weights are in millionths of a millionth (bigint), so that the sums do not depend on the order of addition.
with certified as (
    select outcome.account_id, account.benchmark_id, account.sector_band, answer.nav_microusd, outcome.orders
    from outcome
    join proposals.answer on answer.account_id = outcome.account_id
    join policies.account on account.account_id = outcome.account_id
    where outcome.status = 'CERTIFIED'
),
held as (
    select account_id, security_id, book_micro as micro_shares
    from compared_holding
    semi join certified using (account_id)
    where book_micro <> 0
),
traded as (
    select
        account_id,
        security_id,
        sum(case side when 'buy' then micro_shares else -micro_shares end)::bigint as micro_shares,
        bool_or(side = 'buy') as bought
    from approved_order
    group by account_id, security_id
),
after as (
    select
        coalesce(held.account_id, traded.account_id) as account_id,
        coalesce(held.security_id, traded.security_id) as security_id,
        coalesce(held.micro_shares, 0) + coalesce(traded.micro_shares, 0) as micro_shares,
        coalesce(traded.bought, false) as bought
    from held
    full join traded on traded.account_id = held.account_id and traded.security_id = held.security_id
),
weighed as (
    select
        certified.account_id,
        after.security_id,
        (value_at(after.micro_shares, price.close_microusd)::hugeint * 1000000000000 // certified.nav_microusd)::bigint
            as weight_pico,
        after.bought
    from certified
    join after on after.account_id = certified.account_id
    join prices.price on price.security_id = after.security_id
),
active as (
    select account_id, security_id, weight_pico as active_pico from weighed
    union all
    select certified.account_id, benchmark_weight.security_id, -round(benchmark_weight.weight * 1e12)::bigint
    from certified
    join (
        -- A name that never had a price is no part of what the account is measured against.
        select benchmark_id, security_id, weight / sum(weight) over (partition by benchmark_id) as weight
        from benchmark.benchmark_weight
        join prices.price using (security_id)
    ) as benchmark_weight on benchmark_weight.benchmark_id = certified.benchmark_id
)
select certified.account_id, 'sector ' || security.sector as limit_name
from active
join certified on certified.account_id = active.account_id
join policies.security on security.security_id = active.security_id
where certified.sector_band is not null
group by certified.account_id, security.sector, certified.sector_band, certified.orders
having abs(sum(active.active_pico)) > certified.sector_band * 1e12 + 1e3
union all
select weighed.account_id, 'max_weight ' || weighed.security_id as limit_name
from weighed
join policies.security on security.security_id = weighed.security_id
join policies.restriction
    on restriction.account_id = weighed.account_id
    and restriction.kind = 'max_weight'
    and restriction.value = case restriction.on_what when 'security' then security.security_id else security.sector end
where weighed.bought and weighed.weight_pico > restriction.weight_max * 1e12 + 1e3
order by account_id, limit_name
