-- account_shard: which shard solves which household, and in what order its accounts are solved.
-- Grain:   one row per account_id.
create table account_shard (
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    wave integer not null check (wave >= 0) -- taxable accounts first, then IRAs; ties by account_id
)
