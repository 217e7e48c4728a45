-- open_with_cash: the cash that the book begins with.
-- Grain:   one row per account_id.
-- Reads:   activity, ledger_account.
-- Binds:   nothing.
-- Order:   account_id.
insert into cash
select
    ledger_account.household_id,
    ledger_account.account_id,
    coalesce(opening_cash.cash_microusd, 0) as cash_microusd
from ledger_account
left join activity.opening_cash on opening_cash.account_id = ledger_account.account_id
order by ledger_account.account_id
