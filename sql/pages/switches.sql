-- switches: who and what an operator has frozen, as the night knows it, for the page of an asset.
-- Grain:   one row per (scope, target).
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   scope, target.
select scope, target, ruling_id, reason
from shown.switch
order by scope, target
limit $shown_max
