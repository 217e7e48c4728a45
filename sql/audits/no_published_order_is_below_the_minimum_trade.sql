-- no_published_order_is_below_the_minimum_trade: an account's orders of one name that are worth less than its minimum.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   allocation, policies, prices.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
select
    allocation.account_id,
    allocation.security_id,
    allocation.side,
    sum(allocation.micro_shares)::hugeint * any_value(price.close_microusd) // 1000000 as traded_microusd
from allocation
join policies.account on account.account_id = allocation.account_id
join prices.price on price.security_id = allocation.security_id
group by allocation.account_id, allocation.security_id, allocation.side
having
    sum(allocation.micro_shares)::hugeint * any_value(price.close_microusd) // 1000000
    < any_value(account.min_trade_microusd) - 1
order by allocation.account_id, allocation.security_id, allocation.side
