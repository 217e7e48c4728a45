-- allocation: every account's part of a block order; a sale names its lot.
-- Grain:   one row per (account_id, security_id, side, lot_id).
create table allocation (
    account_id varchar not null,
    household_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    micro_shares bigint not null check (micro_shares > 0),
    lot_id varchar,
    price_microusd bigint not null,
    estimated_microusd bigint not null,
    gain_microusd bigint not null,
    loss_microusd bigint not null check (loss_microusd >= 0), -- the losing parts alone, not netted
    term varchar,
    reason varchar not null
)
