-- breaks_of_report: where book and custodian disagree, as the night report tells it, for its page.
-- Grain:   one row per (account_id, kind, told).
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   account_id, kind, told.
select account_id, kind, sentence as told, coalesce(accepted_by, '') as accepted_by
from shown.told_break
order by account_id, kind, told
limit $shown_max
