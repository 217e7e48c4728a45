-- worth: what a night without trades may cost the accounts of one shard, known before anything is solved.
-- Grain:   one row: micro-dollars.
-- Reads:   lots (of the night before), prices, policies, positions.
-- Binds:   $trade_date.
-- Notes:   tax saved by selling every lot that is worth less than its basis, and cash outside its band that waits to be
--          raised or invested, expected flows included. Tonight's actions are not booked yet: it only orders shards.
--          Values are rounded to the micro-dollar, each by itself: sums of integers are the same on any thread.
-- Order:   a single row.
with lot as (
    select
        sublot.account_id,
        round((position_hi - position_lo) * price.dollars)::bigint as value_microusd,
        part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd,
        case
            when account.registration in ('ira', 'roth') then 0
            when sublot.holding_start_date <= long_term.since then long_loss_rate
            else short_loss_rate
        end as loss_rate
    from lots.sublot
    join (select security_id, close_microusd / 1e6 as dollars from prices.price) as price
        on price.security_id = sublot.security_id
    join policies.account on account.account_id = sublot.account_id
    cross join (
        select max(started::date) as since
        from generate_series($trade_date::date - 370, $trade_date::date - 360, interval 1 day) as days(started)
        where long_from(started::date) <= $trade_date::date
    ) as long_term
    where not account.frozen and account.mode <> 'hold' and account.policy_fault is null
),
account_lots as (
    select
        account_id,
        sum(value_microusd)::double as value_microusd,
        sum((greatest(basis_microusd - value_microusd, 0) * loss_rate)::bigint) as saved_microusd
    from lot
    group by account_id
),
worth as (
    select
        account_lots.saved_microusd,
        account_lots.value_microusd + coalesce(custodian_cash.cash_microusd, 0) as nav_microusd,
        coalesce(custodian_cash.cash_microusd, 0) + coalesce(flow.amount_microusd, 0) as cash_microusd,
        account.cash_min,
        account.cash_max
    from account_lots
    join policies.account on account.account_id = account_lots.account_id
    left join positions.custodian_cash on custodian_cash.account_id = account_lots.account_id
    left join positions.flow on flow.account_id = account_lots.account_id
)
select
    coalesce(
        sum(
            saved_microusd + greatest(
                cash_microusd - cash_max * nav_microusd, cash_min * nav_microusd - cash_microusd, 0
            )::hugeint
        ), 0
    )::bigint as micro_dollars
from worth
