-- corrected: households of which an earlier day is booked again tonight.
-- Grain:   one row per household_id.
create or replace temp table corrected (household_id varchar not null)
