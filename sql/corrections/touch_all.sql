-- touch_all: every sublot of the corrected households.
-- Grain:   one row per row of before.sublot.
-- Reads:   before, corrected.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table touched as
select sublot.rowid as source_row
from before.sublot
where sublot.household_id in (from corrected)
