-- frozen_name: names nobody trades tonight, and why.
-- Grain:   one row per (security_id, reason).
create table frozen_name (
    security_id varchar not null,
    reason varchar not null,
    since date
)
