-- restricted: each account's restrictions, spelled out by security.
-- Grain:   one row per (account_id, security_id).
-- Reads:   policies, shards.
-- Binds:   $shard.
-- Order:   account_id, security_id.
select
    restriction.account_id,
    security.security_id,
    bool_or(restriction.kind in ('exclude', 'no_buy')) as no_buy,
    bool_or(restriction.kind = 'no_sell') as no_sell,
    bool_or(restriction.kind = 'exclude') as excluded,
    min(case when restriction.kind = 'max_weight' then restriction.weight_max end) as weight_max
from policies.restriction
join shards.account_shard on account_shard.account_id = restriction.account_id and account_shard.shard = $shard
join policies.security
    on (restriction.on_what = 'security' and restriction.value = security.security_id)
    or (restriction.on_what = 'sector' and restriction.value = security.sector)
group by restriction.account_id, security.security_id
order by restriction.account_id, security.security_id
