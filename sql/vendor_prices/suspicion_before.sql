-- suspicion_before: a place for the suspicions of the session before; none before the book's first night.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table suspicion_before as from open_suspicion limit 0
