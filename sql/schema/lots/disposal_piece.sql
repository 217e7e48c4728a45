-- disposal_piece: what was sold tonight, piece by piece, before any wash sale; append-only, tonight's rows.
-- Grain:   one row per (sale_id, account_id, security_id, lot_id, position_lo).
-- Notes:   a return of capital and the cash of a merger give pieces without shares (position_lo = position_hi).
create table disposal_piece (
    household_id varchar not null,
    account_id varchar not null,
    identical_group varchar not null,
    security_id varchar not null,
    sale_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    position_hi bigint not null,
    proceeds_microusd bigint not null check (proceeds_microusd >= 0),
    basis_microusd bigint not null check (basis_microusd >= 0),
    acquired_date date not null,
    holding_start_date date not null,
    sale_date date not null,
    sale_order integer not null,
    long_term boolean not null,
    taxable boolean not null,        -- false in IRA and Roth accounts: neither a gain nor a loss
    bought_as varchar,               -- account/security/lot of its purchase, where it had moved since; else null
    check (position_lo <= position_hi)
)
