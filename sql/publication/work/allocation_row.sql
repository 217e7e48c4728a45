-- allocation_row: allocations.csv as it is published.
-- Grain:   one row per line of the file.
create or replace temp table allocation_row (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    shares decimal(24, 6) not null check (shares > 0),
    lot_id varchar,
    price_usd decimal(24, 6) not null,
    estimated_usd decimal(24, 6) not null,
    estimated_gain_usd decimal(24, 6),
    term varchar,
    reason varchar not null,
    check ((side = 'sell') = (lot_id is not null)),
    check ((side = 'sell') = (estimated_gain_usd is not null))
)
