-- reported_price: a place for the closes of tonight's file.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table reported_price (
    security_id varchar not null,
    close_microusd bigint,
    doubt varchar,                         -- why the close is not believed, whatever it is
    restated boolean not null default false, -- the close of the session before is told otherwise tonight
    settled boolean not null default false   -- believed, wherever it is
)
