-- wash_match: loss shares met by a replacement; append-only, tonight's rows.
-- Grain:   one row per (sale_id, account_id, lot_id, piece_lo, loss_lo).
create table wash_match (
    household_id varchar not null,
    identical_group varchar not null,
    sale_id varchar not null,
    account_id varchar not null,
    lot_id varchar not null,
    piece_lo bigint not null,        -- names the disposal piece
    loss_lo bigint not null,
    loss_hi bigint not null,
    replacement_account_id varchar not null,
    replacement_security_id varchar not null,
    replacement_lot_id varchar not null,
    replacement_lo bigint not null,
    replacement_hi bigint not null,
    disallowed_microusd bigint not null check (disallowed_microusd >= 0),
    permanent boolean not null,      -- no basis takes the loss: an IRA bought, or a spouse under the reading 'lost'
    other_owner boolean not null,    -- a spouse or trust bought: where the basis goes is a reading, not the law's word
    sale_date date not null,
    long_term boolean not null,
    match_date date not null,
    check (loss_lo < loss_hi)
)
