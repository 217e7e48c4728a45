-- outcome_before: a place for the outcomes of the session before, where it is published.
-- Grain:   one row per account_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table outcome_before (account_id varchar not null, status varchar not null)
