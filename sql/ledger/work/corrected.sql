-- corrected: the pairs of household and security of which an earlier day is booked again tonight.
-- Grain:   one row per (household_id, security_id); the security '' stands for events that move only cash.
create or replace temp table corrected (household_id varchar not null, security_id varchar not null)
