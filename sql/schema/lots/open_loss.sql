-- open_loss: loss shares that a purchase within the window would still undo; state.
-- Grain:   one row per (sale_id, account_id, lot_id, piece_lo).
-- Units:   micro-shares and micro-dollars. What is left of the loss is the floor difference of loss_microusd over
--          loss_shares at (position - loss_from).
create table open_loss (
    household_id varchar not null,
    account_id varchar not null,
    security_id varchar not null,    -- after mergers, the security whose purchase would undo the loss
    sale_id varchar not null,
    lot_id varchar not null,
    piece_lo bigint not null,        -- names the disposal piece; never scaled
    position_lo bigint not null,
    position_hi bigint not null,
    loss_from bigint not null,
    loss_shares bigint not null check (loss_shares > 0),
    loss_microusd bigint not null check (loss_microusd >= 0),
    sale_date date not null,
    sale_order integer not null,     -- among the sales of one day, where the order is known; otherwise 0
    acquired_date date not null,
    purchase_order integer not null, -- among the purchases of one day, where the order is known; otherwise 0
    holding_start_date date not null,
    long_term boolean not null,
    bought_as varchar,               -- account/security/lot of the purchase, where it is another than the row's; else null
    check (position_lo < position_hi)
)
