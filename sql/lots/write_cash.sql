-- write_cash: cash of the night before and all that tonight's events changed; an account that is new begins with none.
-- Grain:   one row per account_id.
-- Reads:   before, event, ledger_account.
-- Binds:   nothing.
-- Order:   account_id.
insert into cash
with change as (
    select household_id, account_id, cash_microusd from before.cash
    union all
    select household_id, account_id, cash_microusd from event
    union all
    select household_id, account_id, 0 as cash_microusd from ledger_account
)
select household_id, account_id, sum(cash_microusd)::bigint as cash_microusd
from change
group by household_id, account_id
order by account_id
