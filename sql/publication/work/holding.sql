-- holding: what the accounts that are not held own before the orders.
-- Grain:   one row per (account_id, security_id).
create or replace temp table holding (
    account_id varchar not null,
    security_id varchar not null,
    micro_shares bigint not null
)
