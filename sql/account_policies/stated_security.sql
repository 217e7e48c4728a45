-- stated_security: a place for the rows of securities.
-- Grain:   one row per security_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table stated_security as
select * exclude (identical_group) from security limit 0
