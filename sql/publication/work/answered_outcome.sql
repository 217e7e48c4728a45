-- answered_outcome: what the shards' reconciliations say of their accounts.
-- Grain:   one row per account_id.
create or replace temp table answered_outcome (
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    status varchar not null,
    reasons varchar not null,
    harvested_loss_microusd bigint not null,
    realized_gain_microusd bigint not null,
    cash_before_microusd bigint not null,
    cash_after_microusd bigint not null,
    orders bigint not null
)
