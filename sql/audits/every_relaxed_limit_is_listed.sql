-- every_relaxed_limit_is_listed: limits that were widened without the published reasons naming them and the amount.
-- Grain:   one row per offending (account_id, limit_name).
-- Reads:   account_outcome, limit_fact, policies.
-- Binds:   nothing.
-- Order:   account_id, limit_name.
-- Amounts are fractions of net asset value, of the gain budget dollars, to six figures. An account that is not relaxed
-- has its policy's own limits.
with named as (
    select
        account_id,
        nav,
        relaxed,
        list_concat(
            list_concat(['cash_min', 'cash_max'], list_transform(sectors, lambda sector: 'sector:' || sector || ' high')),
            list_concat(
                list_concat(
                    list_transform(sectors, lambda sector: 'sector:' || sector || ' low'), ['turnover', 'net_gain_budget']
                ),
                list_concat(
                    list_transform(range(1, factors + 1), lambda j: 'factor:f' || lpad(j::varchar, 2, '0') || ' high'),
                    list_transform(range(1, factors + 1), lambda j: 'factor:f' || lpad(j::varchar, 2, '0') || ' low')
                )
            )
        ) as names
    from limit_fact
    where len(relaxed) > 0
),
widened as (
    select
        account_id,
        limit_name,
        case limit_name when 'net_gain_budget' then amount * (nav::double / 1e6) else amount end as amount
    from (select account_id, nav, unnest(names) as limit_name, unnest(relaxed) as amount from named) as each
    where amount is distinct from 0.0
    union all
    select
        account_fact.account_id,
        'tracking_error_max',
        account_fact.tracking_error_max - account.tracking_error_max_bps * 1e-4
    from account_fact
    join limit_fact on limit_fact.account_id = account_fact.account_id
    join policies.account on account.account_id = account_fact.account_id
    where account_fact.tracking_error_max is distinct from account.tracking_error_max_bps * 1e-4
)
select
    account_outcome.account_id,
    widened.limit_name,
    widened.amount
from widened
join account_outcome on account_outcome.account_id = widened.account_id
where
    account_outcome.status <> 'CERTIFIED_RELAXED'
    or widened.amount is null
    or not contains(account_outcome.reasons, widened.limit_name || ' by ' || format('{:.6g}', widened.amount))
order by account_outcome.account_id, widened.limit_name
