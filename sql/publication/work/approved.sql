-- approved: what the shards' reconciliations let go out.
-- Grain:   one row per (account_id, security_id, side, lot_id).
create or replace temp table approved (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null,
    micro_shares bigint not null,
    lot_id varchar,
    price_microusd bigint not null,
    estimated_microusd bigint not null,
    gain_microusd bigint,               -- of a sale
    term varchar,
    reason varchar not null
)
