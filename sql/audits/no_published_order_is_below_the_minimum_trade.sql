-- no_published_order_is_below_the_minimum_trade: an account's orders of one name that are worth less than its minimum.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   traded, policies, prices.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
select
    traded.account_id,
    traded.security_id,
    traded.side,
    traded.micro_shares::hugeint * price.close_microusd // 1000000 as traded_microusd
from traded
join policies.account on account.account_id = traded.account_id
join prices.price on price.security_id = traded.security_id
where traded.micro_shares::hugeint * price.close_microusd // 1000000 < account.min_trade_microusd - 1
order by traded.account_id, traded.security_id, traded.side
