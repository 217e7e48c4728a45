-- ordered: a place for the orders published the session before; none before the book's first night.
-- Grain:   one row per (account_id, security_id, side).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create or replace temp table ordered (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null,
    micro_shares bigint not null
)
