-- keep_corrected_accounts: only the corrected households are worked.
-- Grain:   rows of ledger_account.
-- Reads:   corrected.
-- Binds:   nothing.
-- Order:   none needed.
delete from ledger_account where household_id not in (from corrected)
