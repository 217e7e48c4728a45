-- price_before: a place for the prices of the session before; none before the book's first night.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table price_before as from price limit 0
