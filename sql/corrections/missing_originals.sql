-- missing_originals: how many superseded events have not been found yet.
-- Grain:   one row.
-- Reads:   arrival, original.
-- Binds:   nothing.
-- Order:   one row.
select count(distinct supersedes) as events
from arrival
where supersedes is not null and supersedes not in (select event_id from original)
