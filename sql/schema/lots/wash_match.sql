-- wash_match: loss shares met by a replacement; append-only, tonight's rows.
-- Grain:   one row per (sale_id, account_id, lot_id, loss_lo).
create table wash_match (
    household_id varchar not null,
    identical_group varchar not null,
    sale_id varchar not null,
    account_id varchar not null,
    lot_id varchar not null,
    loss_lo bigint not null,
    loss_hi bigint not null,
    replacement_account_id varchar not null,
    replacement_lot_id varchar not null,
    replacement_lo bigint not null,
    replacement_hi bigint not null,
    disallowed_microusd bigint not null check (disallowed_microusd >= 0),
    permanent boolean not null,
    sale_date date not null,
    match_date date not null
)
