-- custodian_lot: the custodian's own lots at the close of the night; none on a night on which it sent none.
-- Grain:   one row per (account_id, security_id, lot_id, holding_start_date).
create table custodian_lot (
    account_id varchar not null,
    security_id varchar not null,
    lot_id varchar not null,
    acquired_date date not null,
    holding_start_date date not null,
    micro_shares bigint not null check (micro_shares > 0),
    basis_microusd bigint not null check (basis_microusd >= 0)
)
