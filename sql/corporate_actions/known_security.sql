-- known_security: a place for the securities of the book.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from static/securities.
create temp table known_security (
    security_id varchar not null,
    symbol varchar not null
)
