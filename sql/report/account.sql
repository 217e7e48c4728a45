-- account: every published account with its policy's facts and what it trades, for the night's page.
-- Grain:   one row per account_id of the book.
-- Reads:   trades, policies.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_outcome.*,
    account.registration,
    account.mode,
    account.benchmark_id,
    coalesce(traded.bought_microusd, 0)::bigint as bought_microusd,
    coalesce(traded.sold_microusd, 0)::bigint as sold_microusd
from trades.account_outcome
left join policies.account on account.account_id = account_outcome.account_id
left join (
    select
        account_id,
        sum(estimated_microusd) filter (where side = 'buy') as bought_microusd,
        sum(estimated_microusd) filter (where side = 'sell') as sold_microusd
    from trades.allocation
    group by account_id
) as traded on traded.account_id = account_outcome.account_id
order by account_outcome.account_id
