-- security_group: securities that were identical to others on some day that is booked again.
-- Grain:   one row or more per (security_id, identical_group).
create or replace temp table security_group (security_id varchar not null, identical_group varchar not null)
