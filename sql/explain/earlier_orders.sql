-- earlier_orders: what the accounts of a household that are solved before one account proposed, by group.
-- Grain:   one row per (identical_group, closes).
-- Reads:   proposals, policies, shards.
-- Binds:   $household_id, $wave.
-- Order:   identical_group, closes.
select distinct
    coalesce(security.identical_group_next, proposed_order.security_id) as identical_group,
    case when proposed_order.side = 'buy' then 'loss sale' else 'buy' end as closes
from proposals.proposed_order
join shards.account_shard
    on account_shard.account_id = proposed_order.account_id
    and account_shard.household_id = $household_id
    and account_shard.wave < $wave
left join policies.security on security.security_id = proposed_order.security_id
where proposed_order.side = 'buy' or proposed_order.may_lose
order by identical_group, closes
