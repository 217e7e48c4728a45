-- no_published_order_is_forbidden: orders against a restriction, the account's mode or switch, or in a name nobody trades.
-- Grain:   one row per offending (account_id, security_id, side, forbids).
-- Reads:   traded, sold_part, policies, prices, actions, benchmark, risk.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, forbids.
with asked as (
    select
        traded.account_id, traded.security_id, traded.side,
        account.mode, account.frozen, account.benchmark_id, security.sector
    from traded
    join policies.account on account.account_id = traded.account_id
    left join policies.security on security.security_id = traded.security_id
)
select account_id, security_id, side, 'the account is frozen' as forbids
from asked
where frozen
union all
select account_id, security_id, side, 'mode ' || mode
from asked
where mode = 'hold' or (mode = 'buy_only' and side = 'sell')
union all
select account_id, security_id, side, 'not in the benchmark'
from asked
anti join (from benchmark.benchmark_weight where weight > 0) as member
    on member.benchmark_id = asked.benchmark_id
    and member.security_id = asked.security_id
where side = 'buy'
union all
select account_id, security_id, side, 'frozen name'
from asked
where
    sector is null
    or security_id in (select security_id from actions.frozen_security)
    or security_id not in (select security_id from prices.price where trusted)
    or security_id not in (select security_id from risk.specific_risk)
union all
select distinct asked.account_id, asked.security_id, asked.side, restriction.kind
from asked
join policies.restriction
    on restriction.account_id = asked.account_id
    and restriction.value = case restriction.on_what when 'security' then asked.security_id else asked.sector end
where
    (asked.side = 'buy' and restriction.kind in ('exclude', 'no_buy'))
    or (asked.side = 'sell' and restriction.kind = 'no_sell')
union all
select distinct sold_part.account_id, sold_part.security_id, 'sell', 'minimum holding days'
from sold_part
join policies.account on account.account_id = sold_part.account_id
where sold_part.held_days < account.min_holding_days
order by account_id, security_id, side, forbids
