-- touch_pairs: every sublot of the pairs at the close of the session before the first day.
-- Grain:   one row per row of before.sublot.
-- Reads:   before, pair.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table touched as
select sublot.rowid as source_row
from before.sublot
semi join pair on pair.household_id = sublot.household_id and pair.security_id = sublot.security_id
