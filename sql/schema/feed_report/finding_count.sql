-- finding_count: how often the rules noticed what in the vendor's file of the night.
-- Grain:   one row per (kind, effect).
create table finding_count (
    kind varchar not null,
    effect varchar not null,
    times bigint not null check (times > 0)
)
