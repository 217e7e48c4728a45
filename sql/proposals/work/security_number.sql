-- security_number: the place of each security in the arrays of the solve; lots are told by it, not by its name.
-- Grain:   one row per security_id.
create or replace temp table security_number (security_id varchar not null, security integer not null)
