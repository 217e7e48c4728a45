-- account_row: accounts.csv as it is published, what the audits read of it.
-- Grain:   one row per line of the file.
create or replace temp table account_row (
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    status varchar not null,
    reasons varchar,
    harvested_loss_usd decimal(24, 6) not null,
    realized_gain_usd decimal(24, 6) not null,
    cash_before_usd decimal(24, 6) not null,
    cash_after_usd decimal(24, 6) not null,
    orders bigint not null
)
