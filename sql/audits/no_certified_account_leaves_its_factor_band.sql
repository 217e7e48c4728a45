-- no_certified_account_leaves_its_factor_band: exposures of the active weights after the orders.
-- Grain:   one row per offending (account_id, limit_name).
-- Reads:   outcome, approved_order, policies, answer, compared_holding, prices, benchmark, risk.
-- Binds:   nothing.
-- Order:   account_id, limit_name.
-- Weights and exposures are in millionths of a millionth (integers), so that sums do not depend on the order of addition.
with certified as (
    select outcome.account_id, account.benchmark_id, account.factor_band, answer.nav_microusd
    from outcome
    join proposals.answer on answer.account_id = outcome.account_id
    join policies.account on account.account_id = outcome.account_id
    where outcome.status = 'CERTIFIED' and account.factor_band is not null
),
shares as (
    select account_id, security_id, book_micro as micro_shares
    from compared_holding
    semi join certified using (account_id)
    where book_micro <> 0
    union all
    select account_id, security_id, case side when 'buy' then micro_shares else -micro_shares end from approved_order
),
after as (
    select account_id, security_id, sum(micro_shares)::bigint as micro_shares
    from shares
    group by account_id, security_id
),
active as (
    select
        certified.account_id,
        after.security_id,
        (value_at(after.micro_shares, price.close_microusd)::hugeint * 1000000000000 // certified.nav_microusd)::bigint
            as active_pico
    from certified
    join after on after.account_id = certified.account_id
    join prices.price on price.security_id = after.security_id
    union all
    select certified.account_id, benchmark_weight.security_id, -round(benchmark_weight.weight * 1e12)::bigint
    from certified
    join (
        -- A name that never had a price is no part of what the account is measured against.
        select benchmark_id, security_id, weight / sum(weight) over (partition by benchmark_id) as weight
        from benchmark.benchmark_weight
        join prices.price using (security_id)
    ) as benchmark_weight on benchmark_weight.benchmark_id = certified.benchmark_id
),
exposed as (
    select
        active.account_id,
        exposure.factor,
        sum(active.active_pico::hugeint * round(exposure.exposure * 1e12)::bigint) // 1000000000000 as exposure_pico
    from active
    join risk.exposure on exposure.security_id = active.security_id
    group by active.account_id, exposure.factor
)
select exposed.account_id, 'factor ' || exposed.factor as limit_name
from exposed
join certified on certified.account_id = exposed.account_id
where abs(exposed.exposure_pico) > certified.factor_band * 1e12 + 1e3
order by account_id, limit_name
