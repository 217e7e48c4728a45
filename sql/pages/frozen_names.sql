-- frozen_names: names that nobody trades tonight, each with its reason, for the page of an asset.
-- Grain:   one row per (security_id, reason).
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   security_id, reason.
select security_id, reason, coalesce(since::varchar, '') as since
from shown.frozen_name
order by security_id, reason
limit $shown_max
