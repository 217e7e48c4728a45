-- published_order: the block order per security and side, the sum of its allocations.
-- Grain:   one row per (security_id, side).
create table published_order (
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    micro_shares bigint not null check (micro_shares > 0),
    estimated_microusd bigint not null
)
