-- breaks: where book and custodian disagree, in words, for the page of an asset.
-- Grain:   one row per (account_id, kind, told).
-- Reads:   shown.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   account_id, kind, told.
select
    account_id,
    kind,
    break_told(kind, security_id, book_micro, custodian_micro, explanation) as told,
    coalesce(accepted_by, '') as accepted_by
from shown.recon_break
order by account_id, kind, told
limit $shown_max
