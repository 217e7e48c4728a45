-- shard_of_household: a place for the shard of each household.
-- Grain:   one row per household_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the hash of the household's id.
create temp table shard_of_household (
    household_id varchar not null,
    shard varchar not null
)
