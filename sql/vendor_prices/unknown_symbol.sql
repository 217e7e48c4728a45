-- unknown_symbol: a place for the symbols of the file that are nobody's tonight.
-- Grain:   one row per symbol.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table unknown_symbol (symbol varchar not null, line bigint not null)
