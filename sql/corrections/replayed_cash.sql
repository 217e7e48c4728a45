-- replayed_cash: cash of the corrected households after the replay.
-- Grain:   one row per account_id.
-- Reads:   before, event, ledger_account.
-- Binds:   nothing.
-- Order:   account_id.
with change as (
    select household_id, account_id, cash_microusd
    from before.cash
    where account_id in (select account_id from ledger_account)
    union all
    select household_id, account_id, cash_microusd from event
)
select household_id, account_id, sum(cash_microusd)::bigint as cash_microusd
from change
group by household_id, account_id
order by account_id
