-- holding: one shard's holdings that the audits look at one by one join the book's.
-- Grain:   one row per (account_id, security_id).
-- Reads:   shard_holding, traded, account_fact, policies.
-- Binds:   $shard.
-- Order:   none needed; sums of integers.
-- Notes:   the shard's accounts first, so that no shard goes through the orders of all.
insert into holding
with here as (
    select
        account_fact.account_id,
        account.factor_band is not null or account_fact.tracking_error_max is not null as is_whole
    from account_fact
    join policies.account on account.account_id = account_fact.account_id
    where account_fact.shard = $shard
)
select shard_holding.account_id, shard_holding.security_id, shard_holding.micro_shares
from shard_holding
semi join (from traded semi join (from here where not is_whole) as parted on parted.account_id = traded.account_id) as named
    on named.account_id = shard_holding.account_id
    and named.security_id = shard_holding.security_id
union all
select shard_holding.account_id, shard_holding.security_id, shard_holding.micro_shares
from shard_holding
semi join (from here where is_whole) as entire on entire.account_id = shard_holding.account_id
