-- holding: what the accounts that are not held own before the orders: the names that they trade, and every name where a
--          factor band or a tracking-error cap is on the account.
-- Grain:   one row per (account_id, security_id).
create or replace temp table holding (
    account_id varchar not null,
    security_id varchar not null,
    micro_shares bigint not null
)
