-- shorten_taken_parts: what stays in the lots after shares have left.
-- Grain:   rows of open_part.
-- Reads:   taken.
-- Binds:   nothing.
-- Order:   none needed; shares leave from the lowest position.
update open_part set position_lo = gone.position_lo
from (select part_id, max(position_hi) as position_lo from taken group by part_id) as gone
where gone.part_id = open_part.part_id
