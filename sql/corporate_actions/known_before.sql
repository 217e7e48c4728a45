-- known_before: a place for the actions known before tonight; none before the book's first night.
-- Grain:   one row per action_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table known_before as from known_action limit 0
