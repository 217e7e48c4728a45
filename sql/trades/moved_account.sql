-- moved_account: the accounts of two versions of one night whose outcome or allocations are not the same.
-- Grain:   one row per account_id.
-- Reads:   published, again (two versions of trades).
-- Binds:   nothing.
-- Order:   account_id.
with moved as (
    select account_id from (from published.account_outcome except all from again.account_outcome)
    union
    select account_id from (from again.account_outcome except all from published.account_outcome)
    union
    select account_id from (from published.allocation except all from again.allocation)
    union
    select account_id from (from again.allocation except all from published.allocation)
),
traded as (
    select account_id, sum(estimated_microusd) as microusd from published.allocation group by account_id
),
traded_again as (
    select account_id, sum(estimated_microusd) as microusd from again.allocation group by account_id
)
select
    moved.account_id,
    coalesce(outcome.status, 'not in the book') as status,
    coalesce(outcome_again.status, 'not in the book') as status_again,
    coalesce(outcome.orders, 0)::bigint as orders,
    coalesce(outcome_again.orders, 0)::bigint as orders_again,
    coalesce(traded.microusd, 0)::bigint * 0.000001 as traded_usd,
    coalesce(traded_again.microusd, 0)::bigint * 0.000001 as traded_usd_again,
    coalesce(outcome.harvested_loss_microusd, 0)::bigint * 0.000001 as harvested_loss_usd,
    coalesce(outcome_again.harvested_loss_microusd, 0)::bigint * 0.000001 as harvested_loss_usd_again
from moved
left join published.account_outcome as outcome on outcome.account_id = moved.account_id
left join again.account_outcome as outcome_again on outcome_again.account_id = moved.account_id
left join traded on traded.account_id = moved.account_id
left join traded_again on traded_again.account_id = moved.account_id
order by moved.account_id
