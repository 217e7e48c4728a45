-- exposed_loss: the losses that the day's purchases can undo, yesterday's first and then the day's own.
-- Grain:   one row per loss_id.
create or replace temp table exposed_loss (
    loss_id bigint not null,
    turn integer not null,              -- the turn of the day in which it was sold; 0 before the day; -1 a fraction of
                                        -- a share, sold by an action of the day, that waits for the first turn
    round integer not null,
    household_id varchar not null,
    identical_group varchar not null,
    account_id varchar not null,
    security_id varchar not null,
    sale_id varchar not null,
    lot_id varchar not null,
    piece_lo bigint not null,
    position_lo bigint not null,
    position_hi bigint not null,
    loss_from bigint not null,
    loss_shares bigint not null,
    loss_microusd bigint not null,
    sale_date date not null,
    sale_order integer not null,
    acquired_date date not null,
    purchase_order integer not null,
    holding_start_date date not null,
    long_term boolean not null,
    bought_as varchar not null
)
