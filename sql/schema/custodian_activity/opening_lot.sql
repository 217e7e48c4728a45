-- opening_lot: the lots the book began with; rows on the book's first night only.
-- Grain:   one row per (account_id, lot_id).
create table opening_lot (
    account_id varchar not null,
    lot_id varchar not null,
    security_id varchar not null,
    acquired_date date not null,
    holding_start_date date not null,
    micro_shares bigint not null check (micro_shares > 0),
    basis_microusd bigint not null check (basis_microusd >= 0)
)
