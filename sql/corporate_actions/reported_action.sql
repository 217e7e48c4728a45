-- reported_action: a place for the rows of tonight's file, in the units of the tables.
-- Grain:   one row per action_id.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table reported_action as
select * exclude (understood, why_not) from action limit 0
