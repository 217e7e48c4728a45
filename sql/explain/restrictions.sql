-- restrictions: what the accounts of a household may not buy, sell or hold much of tonight.
-- Grain:   one row per (account_id, kind, on_what, value).
-- Reads:   policies, shards.
-- Binds:   $household_id.
-- Order:   account_id, kind, on_what, value.
select restriction.*
from policies.restriction
join shards.account_shard on account_shard.account_id = restriction.account_id
where account_shard.household_id = $household_id
order by restriction.account_id, restriction.kind, restriction.on_what, restriction.value
