-- repeated: late events that the file of their own session had brought already.
-- Grain:   one row per (event_id, account_id).
create or replace temp table repeated (event_id varchar not null, account_id varchar not null)
