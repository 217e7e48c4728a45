-- order_row: orders.csv as it is published.
-- Grain:   one row per line of the file.
create or replace temp table order_row (
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    shares decimal(24, 6) not null check (shares > 0),
    estimated_usd decimal(24, 6) not null
)
