-- no_published_account_leaves_its_sector_band: sectors after the orders outside the policy's band, as widened where it gave.
-- Grain:   one row per offending (account_id, sector).
-- Reads:   limit_fact, held_value, traded, benchmark_name, prices, policies.
-- Binds:   nothing.
-- Order:   account_id, sector.
with held as (
    select account_id, sector, sum(value) // 1000000 as held_microusd
    from (
        select account_id, sector, value from held_value
        union all
        select
            traded.account_id,
            security.sector,
            case traded.side when 'buy' then traded.micro_shares else -traded.micro_shares end::hugeint * price.close_microusd
        from traded
        join prices.price on price.security_id = traded.security_id
        join policies.security on security.security_id = traded.security_id
    ) as before_and_traded
    group by account_id, sector
),
aimed as (
    select benchmark_id, sector, sum(weight_femto) as weight_femto, count(*) as names
    from benchmark_name
    group by benchmark_id, sector
),
banded as (
    select
        limit_fact.account_id,
        limit_fact.benchmark_id,
        limit_fact.nav,
        limit_fact.sector_band_femto,
        limit_fact.sector_count,
        limit_fact.relaxed,
        unnest(limit_fact.sectors) as sector,
        unnest(range(1, 1 + limit_fact.sector_count)) as place
    from limit_fact
    where limit_fact.sector_band_femto is not null
),
active as (
    select
        banded.*,
        coalesce(held.held_microusd, 0) * 1000000000000000 // banded.nav - coalesce(aimed.weight_femto, 0) as active_femto,
        4000000000000000 // banded.nav + 2000 + coalesce(aimed.names, 0) as slack_femto
    from banded
    left join held on held.account_id = banded.account_id and held.sector = banded.sector
    left join aimed on aimed.benchmark_id = banded.benchmark_id and aimed.sector = banded.sector
)
select account_id, sector, active_femto
from active
where
    active_femto > sector_band_femto + round(coalesce(relaxed[2 + place], 0) * 1e15)::hugeint + slack_femto
    or -active_femto
    > sector_band_femto + round(coalesce(relaxed[2 + sector_count + place], 0) * 1e15)::hugeint + slack_femto
order by account_id, sector
