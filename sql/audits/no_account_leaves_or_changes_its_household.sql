-- no_account_leaves_or_changes_its_household: accounts of the session before that are gone, or in another household.
-- Grain:   one row per offending account_id.
-- Reads:   account_shard, before.
-- Binds:   nothing.
-- Order:   account_id.
-- Their open lots and losses would be forgotten, or counted for the wrong taxpayer. A closed account stays listed.
select
    earlier.account_id,
    earlier.household_id as household_before,
    account_shard.household_id as household_tonight
from before.account_shard as earlier
left join account_shard on account_shard.account_id = earlier.account_id
where account_shard.household_id is distinct from earlier.household_id
order by earlier.account_id
