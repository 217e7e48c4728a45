-- touch_corrected: every sublot that the corrected pairs had the night before; the replay's take their place.
-- Grain:   one row per row of before.sublot.
-- Reads:   before, corrected.
-- Binds:   nothing.
-- Order:   none needed.
insert into touched
select sublot.rowid as source_row
from before.sublot
semi join corrected
    on corrected.household_id = sublot.household_id and corrected.security_id = sublot.security_id
