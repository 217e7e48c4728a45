-- no_account_ends_outside_its_cash_band: certified accounts whose cash does not add up, or leaves its band.
-- Grain:   one row per offending account_id.
-- Reads:   outcome, approved_order, policies, positions, answer.
-- Binds:   nothing.
-- Order:   account_id.
-- The band is rounded outward to the micro-dollar; a relaxed account is free of the band, never of the sum.
-- An expected deposit is invested as it arrives, so cash counts with its flow; trading never overdraws it.
select
    outcome.account_id,
    outcome.cash_after_microusd,
    answer.nav_microusd
from outcome
join proposals.answer on answer.account_id = outcome.account_id
join policies.account on account.account_id = outcome.account_id
left join positions.flow on flow.account_id = outcome.account_id
left join (
    select account_id, sum(case side when 'sell' then estimated_microusd else -estimated_microusd end) as net_microusd
    from approved_order
    group by account_id
) as traded on traded.account_id = outcome.account_id
where
    outcome.status not like 'HELD%'
    and (
        abs(outcome.cash_before_microusd + coalesce(traded.net_microusd, 0) - outcome.cash_after_microusd)
        > outcome.orders
        or (
            outcome.orders > 0
            and outcome.cash_after_microusd + coalesce(flow.amount_microusd, 0)
            < least(outcome.cash_before_microusd + coalesce(flow.amount_microusd, 0), 0)
        )
        or (
            outcome.status = 'CERTIFIED' and (
                outcome.cash_after_microusd + coalesce(flow.amount_microusd, 0)
                < floor(account.cash_min * answer.nav_microusd) - outcome.orders
                or outcome.cash_after_microusd + coalesce(flow.amount_microusd, 0)
                > ceil(account.cash_max * answer.nav_microusd) + outcome.orders
            )
        )
    )
order by outcome.account_id
