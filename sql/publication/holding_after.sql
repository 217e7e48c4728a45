-- holding_after: the holdings that the audits look at one by one, before and after the published orders.
-- Grain:   one row per (account_id, security_id).
-- Reads:   holding, traded, prices.
-- Binds:   nothing.
-- Units:   values are millionths of a micro-dollar, exact.
create or replace temp table holding_after as
select
    changed.account_id,
    changed.security_id,
    sum(changed.before_micro)::hugeint * any_value(price.close_microusd) as value_before,
    (sum(changed.before_micro) + sum(changed.traded_micro))::hugeint * any_value(price.close_microusd) as value_after,
    bool_or(changed.traded_micro > 0) as bought
from (
    select account_id, security_id, micro_shares as before_micro, 0 as traded_micro from holding
    union all
    select account_id, security_id, 0 as before_micro, case side when 'buy' then micro_shares else -micro_shares end
    from traded
) as changed
join prices.price on price.security_id = changed.security_id
group by changed.account_id, changed.security_id
