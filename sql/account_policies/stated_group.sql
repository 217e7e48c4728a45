-- stated_group: a place for the rows of identical_groups.
-- Grain:   one row per (security_id, from_date); no date: from the beginning.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table stated_group (
    security_id varchar not null,
    identical_group varchar not null,
    from_date date
)
