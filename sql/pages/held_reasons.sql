-- held_reasons: why accounts are held, for the page of an asset.
-- Grain:   one row per (status, reasons).
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   status, reasons.
select accounts, status, reasons
from shown.held_reason
order by status, reasons
limit $shown_max
