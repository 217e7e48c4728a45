-- unknown_original: events that supersede one which no file brought.
-- Grain:   one row per event_id.
create or replace temp table unknown_original (event_id varchar not null)
