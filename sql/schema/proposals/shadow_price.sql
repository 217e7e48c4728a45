-- shadow_price: dollars of the account's objective for one more unit of a limit that binds.
-- Grain:   one row per (account_id, limit_name).
create table shadow_price (
    account_id varchar not null,
    limit_name varchar not null,
    usd_per_unit double not null
)
