-- rulings: the switches and acceptances in force when the night was published, and what each met, for the page of an asset.
-- Grain:   one row per ruling_id.
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   ruling_id.
select ruling_id, what, reason, met
from shown.ruling
order by ruling_id
limit $shown_max
