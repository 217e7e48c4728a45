-- break_count: breaks by kind, and whether they are accepted.
-- Grain:   one row per (kind, accepted).
create table break_count (
    kind varchar not null,
    accepted boolean not null,
    breaks bigint not null,
    accounts bigint not null
)
