-- past_return: a place for the returns before tonight.
-- Grain:   one row per (session, security_id).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table past_return as from session_return limit 0
