-- limit_fact: the account's value, its trades in money, and its limits as integers; those of the policy, widened as certified.
-- Grain:   one row per account_id that is not held.
-- Reads:   account_outcome, traded, account_fact, held_value, policies, prices, positions.
-- Binds:   nothing.
-- Units:   micro-dollars; _femto are millionths of a thousandth of a millionth of net asset value. A missing limit is null.
-- Notes:   slack is what float arithmetic may make of a fraction of so many micro-dollars, as the judge has it.
create or replace temp table limit_fact as
with valued as (
    select account_id, sum(value) // 1000000 as held_microusd
    from held_value
    group by account_id
),
exchanged as (
    select
        account_id,
        coalesce(sum(micro_shares::hugeint * price.close_microusd) filter (where side = 'sell'), 0) as sales,
        coalesce(sum(micro_shares::hugeint * price.close_microusd) filter (where side = 'buy'), 0) as purchases
    from traded
    join prices.price on price.security_id = traded.security_id
    group by account_id
),
answered as (
    select
        account.*,
        account_fact.cash_microusd,
        account_fact.cash_microusd + coalesce(flow.amount_microusd, 0) as cash_with_flow,
        account_fact.realized_microusd,
        account_fact.sectors,
        account_fact.factors,
        account_fact.relaxed,
        len(account_fact.sectors) as sector_count,
        account_fact.tracking_error_max as tracking_error_in_force,
        account_fact.cash_microusd::hugeint + coalesce(valued.held_microusd, 0) as nav,
        coalesce(exchanged.sales, 0) as sales,
        coalesce(exchanged.purchases, 0) as purchases
    from account_outcome
    join policies.account on account.account_id = account_outcome.account_id
    join account_fact on account_fact.account_id = account_outcome.account_id
    left join valued on valued.account_id = account_outcome.account_id
    left join exchanged on exchanged.account_id = account_outcome.account_id
    left join positions.flow on flow.account_id = account_outcome.account_id
    where account_outcome.status not like 'HELD%'
)
select
    account_id,
    household_id,
    benchmark_id,
    registration in ('taxable', 'trust') as taxable,
    cash_microusd,
    cash_with_flow,
    nav,
    2 + nav // 1000000000000000 as slack,
    sales,
    purchases,
    round((greatest(cash_min, 0) - coalesce(relaxed[1], 0)) * 1e15)::hugeint * nav // 1000000000000000 as cash_least,
    round((least(cash_max, 1e6) + coalesce(relaxed[2], 0)) * 1e15)::hugeint * nav // 1000000000000000 as cash_most,
    case when turnover_max < 1e3 then round((turnover_max + coalesce(relaxed[3 + 2 * sector_count], 0)) * 1e15)::hugeint end
    * nav // 1000000000000000 as turnover_most,
    case when net_gain_budget_microusd is not null then greatest(net_gain_budget_microusd - realized_microusd, 0)::hugeint end
    + round(coalesce(relaxed[4 + 2 * sector_count], 0) * 1e15)::hugeint * nav // 1000000000000000 as gain_most,
    case when sector_band < 1e3 then round(sector_band * 1e15)::hugeint end as sector_band_femto,
    case when factor_band < 1e3 then round(factor_band * 1e12)::hugeint end as factor_band_pico,
    case when tracking_error_in_force < 10 then round(tracking_error_in_force * 1e12)::hugeint end as tracking_error_pico,
    sectors,
    factors,
    relaxed,
    sector_count
from answered
