-- drop_empty_parts: parts of which nothing is left.
-- Grain:   rows of open_part.
-- Reads:   open_part.
-- Binds:   nothing.
-- Order:   none needed.
delete from open_part where position_lo >= position_hi
