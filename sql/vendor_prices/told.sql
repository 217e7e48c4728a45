-- told: a place for what the vendor's file tells of each security.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table told (
    security_id varchar not null,
    symbol varchar not null,
    close_microusd bigint,
    volume double,
    contradicts boolean not null,
    earlier_microusd bigint,
    earlier_adjusted_microusd bigint
)
