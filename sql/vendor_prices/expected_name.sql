-- expected_name: a place for the names that need a close tonight: in a benchmark, or owned.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the files.
create temp table expected_name (security_id varchar not null)
