-- order_before: a place for what was published for the session before, where it was.
-- Grain:   one row per (account_id, security_id).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table order_before (
    account_id varchar not null,
    security_id varchar not null,
    micro_shares bigint not null -- below zero where they are sold
)
