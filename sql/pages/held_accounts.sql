-- held_accounts: the accounts that do not trade tonight, each with its reason, for the page of an asset.
-- Grain:   one row per account_id.
-- Reads:   outcome.
-- Binds:   $shown_max (rows that a page lists).
-- Order:   account_id.
select account_id, status, reasons
from outcome
where status like 'HELD%'
order by account_id
limit $shown_max
