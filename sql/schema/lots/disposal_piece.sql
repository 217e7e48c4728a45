-- disposal_piece: what was sold tonight, piece by piece, before any wash sale; append-only, tonight's rows.
-- Grain:   one row per (sale_id, account_id, lot_id, position_lo).
create table disposal_piece (
    household_id varchar not null,
    account_id varchar not null,
    identical_group varchar not null,
    security_id varchar not null,
    sale_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    position_hi bigint not null,
    proceeds_microusd bigint not null,
    basis_microusd bigint not null,
    acquired_date date not null,
    holding_start_date date not null,
    sale_date date not null,
    long_term boolean not null
)
