-- confirmed: a place for the closes that the operator has confirmed.
-- Grain:   one row per (security_id, session).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table confirmed (security_id varchar not null, session date not null)
