-- allocations: allocations.csv of every published night, the revision that stands.
-- Grain:   one row per (night, account_id, security_id, side, lot_id).
-- Units:   shares and dollars at the night's close.
create table allocations (
    night date not null,
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    shares decimal(24, 6) not null,
    lot_id varchar,                   -- of a sale
    price_usd decimal(24, 6) not null,
    estimated_usd decimal(24, 6) not null,
    estimated_gain_usd decimal(24, 6), -- of a sale
    term varchar,
    reason varchar not null
)
