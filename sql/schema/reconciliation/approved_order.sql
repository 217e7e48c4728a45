-- approved_order: the orders of the accounts that are not held; what `trades` publishes as allocations.
-- Grain:   one row per (account_id, security_id, side, lot_id).
create table approved_order (
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
    may_lose boolean not null, -- a taxed sale below basis plus the margin: fills come at another price
    term varchar,
    reason varchar not null
)
