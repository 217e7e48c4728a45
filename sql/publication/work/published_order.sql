-- published_order: orders.csv as it is published, shares and money as integers.
-- Grain:   one row per line of the file.
create or replace temp table published_order (
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    micro_shares bigint not null check (micro_shares > 0),
    estimated_microusd bigint not null
)
