-- orders: orders.csv of every published night, the revision that stands.
-- Grain:   one row per (night, security_id, side).
-- Units:   shares and dollars at the night's close.
create table orders (
    night date not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    shares decimal(24, 6) not null,
    estimated_usd decimal(24, 6) not null
)
