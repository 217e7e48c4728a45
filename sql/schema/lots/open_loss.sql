-- open_loss: loss shares that a purchase within the window would still undo; state.
-- Grain:   one row per (household_id, identical_group, sale_id, lot_id, position_lo).
create table open_loss (
    household_id varchar not null,
    identical_group varchar not null,
    account_id varchar not null,
    security_id varchar not null,
    sale_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    position_hi bigint not null,
    loss_from bigint not null,
    loss_shares bigint not null,
    loss_microusd bigint not null,
    sale_date date not null,
    holding_days integer not null,
    check (position_lo < position_hi)
)
