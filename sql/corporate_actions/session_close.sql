-- session_close: a place for the closes that tell the fair values of spin-offs.
-- Grain:   one row per (session, security_id).
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table session_close (
    session date not null,
    security_id varchar not null,
    close_microusd bigint not null
)
