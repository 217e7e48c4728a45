-- shorten_matched_parts: what is left of the replacements keeps its cost, dates and capacity.
-- Grain:   rows of open_part.
-- Reads:   met.
-- Binds:   nothing.
-- Order:   none needed; matches take the lowest positions first.
update open_part set position_lo = taken.position_lo
from (select part_id, max(part_hi) as position_lo from met group by part_id) as taken
where taken.part_id = open_part.part_id
