-- holding: what one account holds, what its benchmark holds, and what it trades tonight, by security.
-- Grain:   one row per security_id that the account or its benchmark holds, or the account trades.
-- Reads:   trades, policies, prices, benchmark, lots.
-- Binds:   $account.
-- Units:   weights of the benchmark are fractions, of its names that have a price, as in the solve.
-- Order:   security_id.
with held as (
    select
        security_id,
        sum(position_hi - position_lo)::bigint as micro_shares,
        sum(part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from))::bigint
            as basis_microusd
    from lots.sublot
    where account_id = $account
    group by security_id
),
indexed as (
    select security_id, weight / sum(weight order by security_id) over () as benchmark_weight
    from benchmark.benchmark_weight
    join prices.price using (security_id)
    where benchmark_id = (select benchmark_id from policies.account where account_id = $account)
),
traded as (
    select
        security_id,
        sum(case side when 'buy' then micro_shares else -micro_shares end)::bigint as micro_shares,
        sum(case side when 'buy' then estimated_microusd else -estimated_microusd end)::bigint as estimated_microusd
    from trades.allocation
    where account_id = $account
    group by security_id
),
named as (
    select security_id from held
    union
    select security_id from indexed where benchmark_weight > 0
    union
    select security_id from traded
)
select
    named.security_id,
    coalesce(security.symbol, named.security_id) as symbol,
    coalesce(security.name, '') as name,
    coalesce(security.sector, '') as sector,
    price.close_microusd,
    coalesce(held.micro_shares, 0) as micro_shares,
    coalesce(held.basis_microusd, 0) as basis_microusd,
    (coalesce(held.micro_shares, 0)::hugeint * coalesce(price.close_microusd, 0) // 1000000)::bigint as value_microusd,
    coalesce(indexed.benchmark_weight, 0) as benchmark_weight,
    coalesce(traded.micro_shares, 0) as traded_micro_shares,
    coalesce(traded.estimated_microusd, 0) as traded_microusd
from named
left join held on held.security_id = named.security_id
left join indexed on indexed.security_id = named.security_id
left join traded on traded.security_id = named.security_id
left join policies.security on security.security_id = named.security_id
left join prices.price on price.security_id = named.security_id
order by named.security_id
