-- stated_restriction: a place for the rows of restrictions; no date: no limit on that side.
-- Grain:   one row per (account_id, kind, on_what, value, from_date).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table stated_restriction (
    account_id varchar not null,
    kind varchar not null,
    on_what varchar not null,
    value varchar not null,
    weight_max double,
    reason varchar,
    from_date date,
    to_date date
)
