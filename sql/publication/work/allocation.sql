-- allocation: allocations.csv as it is published, shares and money as integers.
-- Grain:   one row per line of the file.
create or replace temp table allocation (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    micro_shares bigint not null check (micro_shares > 0),
    lot_id varchar,
    price_microusd bigint not null,
    estimated_microusd bigint not null,
    gain_microusd bigint,               -- of a sale
    term varchar,
    reason varchar not null,
    check ((side = 'sell') = (lot_id is not null)),
    check ((side = 'sell') = (gain_microusd is not null))
)
