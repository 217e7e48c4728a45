-- no_certified_account_exceeds_its_turnover_or_gain_budget: the two totals that a policy caps.
-- Grain:   one row per offending account_id.
-- Reads:   outcome, approved_order, policies, answer, lots.
-- Binds:   $trade_date (its year is the tax year of tonight's sales).
-- Order:   account_id.
-- A budget that fills have already exceeded forbids further gains; it does not force losses.
select
    outcome.account_id,
    traded.traded_microusd,
    outcome.realized_gain_microusd
from outcome
join proposals.answer on answer.account_id = outcome.account_id
join policies.account on account.account_id = outcome.account_id
join (
    select account_id, sum(estimated_microusd) as traded_microusd
    from approved_order
    group by account_id
) as traded on traded.account_id = outcome.account_id
left join lots.realized_to_date as realized
    on realized.account_id = outcome.account_id and realized.tax_year = year($trade_date)
where
    outcome.status = 'CERTIFIED'
    and (
        traded.traded_microusd > ceil(account.turnover_max * answer.nav_microusd) + outcome.orders
        or (
            account.registration in ('taxable', 'trust')
            and account.net_gain_budget_microusd is not null
            and outcome.realized_gain_microusd > greatest(
                account.net_gain_budget_microusd - coalesce(
                    realized.short_gain_microusd + realized.long_gain_microusd
                    + realized.short_disallowed_microusd + realized.long_disallowed_microusd, 0
                ), 0
            ) + 2 * outcome.orders
        )
    )
order by outcome.account_id
