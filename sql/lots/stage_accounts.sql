-- stage_accounts: the accounts of the shard.
-- Grain:   one row per account_id.
-- Reads:   policies, shards.
-- Binds:   $shard.
-- Order:   none needed.
insert into ledger_account
select
    account.account_id,
    account.household_id,
    account.household_id as taxpayer_id,
    account.owner_id,
    account.registration in ('ira', 'roth') as no_basis,
    account.share_step_micro
from policies.account
join shards.account_shard on account_shard.account_id = account.account_id
where account_shard.shard = $shard
