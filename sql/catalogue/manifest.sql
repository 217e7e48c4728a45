-- manifest: every manifest of every published night, revisions that were superseded included.
-- Grain:   one row per (night, revision).
create table manifest (
    night date not null,
    revision integer not null,
    stands boolean not null,           -- whether no later revision supersedes it
    manifest_sha256 varchar not null,
    previous_manifest_sha256 varchar,  -- of the session before; null on the book's first night
    supersedes_manifest_sha256 varchar,
    code_commit varchar,
    code_dirty boolean,                -- whether files differed from the commit
    packages_sha256 varchar not null,
    policy_version varchar not null,
    settings varchar not null,         -- JSON: the settings of book.toml that can change an answer
    counts varchar not null            -- JSON: accounts by status
)
