-- account_fact: one shard's accounts join the book's.
-- Grain:   one row per account_id of the shard.
-- Reads:   policies, shards, prices, benchmark, positions, risk; lots, proposals and reconciliation of the shard.
-- Binds:   $shard, $trade_date (its year is the tax year of tonight's sales).
-- Order:   account_id.
-- Where a difference in cash is accepted, the account trades on the lower of the two balances, tonight's difference
-- being within the tolerance or none included.
insert into account_fact
with universe as (
    select security_id from benchmark.benchmark_weight
    union
    select security_id from positions.position
    union
    select security_id from lots.sublot
)
select
    account_shard.account_id,
    account_shard.shard,
    case
        when accepted.account_id is null then coalesce(cash.cash_microusd, 0)
        else least(coalesce(cash.cash_microusd, 0), coalesce(custodian_cash.cash_microusd, 0))
    end,
    coalesce(
        realized.short_gain_microusd + realized.long_gain_microusd
        + realized.short_disallowed_microusd + realized.long_disallowed_microusd, 0
    ),
    (
        select list_sort(list(distinct security.sector))
        from universe
        join prices.price using (security_id)
        join policies.security using (security_id)
    ),
    (select coalesce(max(factor), 0) from risk.exposure),
    coalesce(certificate.relaxed, []::double[]),
    certificate.tracking_error_max
from shards.account_shard
left join lots.cash on cash.account_id = account_shard.account_id
left join lots.realized_to_date as realized
    on realized.account_id = account_shard.account_id and realized.tax_year = year($trade_date::date)
left join positions.custodian_cash on custodian_cash.account_id = account_shard.account_id
left join policies.acceptance as accepted
    on accepted.account_id = account_shard.account_id and accepted.security_id is null
left join proposals.certificate on certificate.account_id = account_shard.account_id
where account_shard.shard = $shard
order by account_shard.account_id
