-- price_before: a place for the prices of the session before; none before the book's first night.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create temp table price_before (
    security_id varchar not null,
    close_microusd bigint not null,
    reported_microusd bigint,
    trusted boolean not null
)
