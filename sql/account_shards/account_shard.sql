-- account_shard: each account's shard, and its place in the order in which its household is solved.
-- Grain:   one row per account_id.
-- Reads:   policies.account, shard_of_household.
-- Binds:   nothing.
-- Order:   account_id.
insert into account_shard
select
    account.account_id,
    account.household_id,
    shard_of_household.shard,
    -- Taxable accounts choose first: a loss an IRA's purchase washes is lost for good.
    row_number() over (
        partition by account.household_id
        order by account.registration in ('ira', 'roth'), account.account_id
    ) - 1 as wave
from policies.account
join shard_of_household using (household_id)
order by account.account_id
