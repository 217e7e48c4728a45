-- touch_corrected: every sublot that the corrected households had the night before; the replay's take their place.
-- Grain:   one row per row of before.sublot.
-- Reads:   before, corrected.
-- Binds:   nothing.
-- Order:   none needed.
insert into touched
select sublot.rowid as source_row
from before.sublot
where sublot.household_id in (from corrected)
