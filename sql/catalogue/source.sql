-- source: what every manifest says of what it was made from and of what it published, with digests.
-- Grain:   one row per (night, revision, kind, name).
create table source (
    night date not null,
    revision integer not null,
    kind varchar not null check (kind in ('published file', 'feed file', 'partition')),
    name varchar not null,
    digest varchar not null            -- sha256
)
