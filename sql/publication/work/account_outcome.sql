-- account_outcome: accounts.csv as it is published, what the audits read of it, money in micro-dollars.
-- Grain:   one row per line of the file.
create or replace temp table account_outcome (
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    status varchar not null,
    reasons varchar not null,           -- blank where there are none
    harvested_loss_microusd bigint not null,
    realized_gain_microusd bigint not null,
    cash_before_microusd bigint not null,
    cash_after_microusd bigint not null,
    orders bigint not null
)
