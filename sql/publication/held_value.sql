-- held_value: the value of one shard's holdings joins the book's.
-- Grain:   one row per (account_id, sector).
-- Reads:   shard_holding, prices, policies.
-- Binds:   nothing.
-- Order:   none needed; sums of integers.
insert into held_value
select
    shard_holding.account_id,
    security.sector,
    sum(shard_holding.micro_shares::hugeint * price.close_microusd)
from shard_holding
join prices.price on price.security_id = shard_holding.security_id
left join policies.security on security.security_id = shard_holding.security_id
group by shard_holding.account_id, security.sector
