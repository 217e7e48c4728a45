-- restricted: each account's restrictions, spelled out by security.
-- Grain:   one row per (account_id, security_id).
-- Reads:   policies, shards.
-- Binds:   $shard.
-- Note:    a name whose break is accepted is neither bought nor sold: nobody knows how much of it there is to sell.
-- Order:   account_id, security_id.
select
    stated.account_id,
    security.security_id,
    bool_or(stated.kind in ('exclude', 'no_buy', 'accepted_break')) as no_buy,
    bool_or(stated.kind in ('no_sell', 'accepted_break')) as no_sell,
    bool_or(stated.kind = 'exclude') as excluded,
    min(case when stated.kind = 'max_weight' then stated.weight_max end) as weight_max,
    bool_or(stated.kind = 'accepted_break') as in_dispute
from (
    select account_id, kind, on_what, value, weight_max
    from policies.restriction
    union all
    select account_id, 'accepted_break' as kind, 'security' as on_what, security_id as value, null as weight_max
    from policies.acceptance
    where security_id is not null
) as stated
join shards.account_shard on account_shard.account_id = stated.account_id and account_shard.shard = $shard
join policies.security
    on (stated.on_what = 'security' and stated.value = security.security_id)
    or (stated.on_what = 'sector' and stated.value = security.sector)
group by stated.account_id, security.security_id
order by stated.account_id, security.security_id
