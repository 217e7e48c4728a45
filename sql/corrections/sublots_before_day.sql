-- sublots_before_day: the lots that the replay works, before the day.
-- Grain:   one row per part_id.
-- Reads:   open_part.
-- Binds:   nothing.
-- Order:   none needed.
create or replace table before.sublot as
from open_part
