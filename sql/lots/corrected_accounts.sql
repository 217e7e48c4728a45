-- corrected_accounts: with a household, all of its taxpayer's: transfers tie accounts that are households of their own.
-- Grain:   one row per household_id that corrected did not have.
-- Reads:   corrected, ledger_account.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   none in the taxpayer's view, where household and taxpayer are one.
insert into corrected
select distinct tied.household_id
from corrected
join ledger_account on ledger_account.household_id = corrected.household_id
join ledger_account as tied on tied.taxpayer_id = ledger_account.taxpayer_id
where tied.household_id not in (from corrected)
