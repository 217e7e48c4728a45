-- every_published_cash_adds_up: cash that is not the book's plus the sales less the purchases, or that orders overdraw.
-- Grain:   one row per offending account_id.
-- Reads:   account_outcome, limit_fact, allocation.
-- Binds:   nothing.
-- Order:   account_id.
-- An expected deposit is invested as it arrives, so cash counts with its flow. Money is cut to the micro-dollar once.
select
    account_outcome.account_id,
    account_outcome.cash_before_microusd,
    account_outcome.cash_after_microusd,
    limit_fact.cash_microusd
from account_outcome
left join limit_fact on limit_fact.account_id = account_outcome.account_id
where
    (limit_fact.account_id is null and account_outcome.cash_after_microusd <> account_outcome.cash_before_microusd)
    or account_outcome.cash_before_microusd <> limit_fact.cash_microusd
    or abs(
        account_outcome.cash_after_microusd::hugeint * 1000000
        - (limit_fact.cash_microusd::hugeint * 1000000 + limit_fact.sales - limit_fact.purchases)
    ) > 1000000
    or (
        limit_fact.purchases > 0
        and account_outcome.cash_after_microusd + limit_fact.cash_with_flow - limit_fact.cash_microusd
        < least(limit_fact.cash_with_flow, 0)
    )
    or (limit_fact.account_id is null and account_outcome.status not like 'HELD%')
order by account_outcome.account_id
