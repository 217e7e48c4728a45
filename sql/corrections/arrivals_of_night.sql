-- arrivals_of_night: one night's file.
-- Grain:   one row per (event_id, account_id).
-- Reads:   activity, ledger_account.
-- Binds:   $arrived.
-- Order:   none needed.
insert into arrival
select activity.*, $arrived::date as arrived
from activity.activity
where
    activity.account_id in (select account_id from ledger_account)
    or activity.kind in ('transfer_in', 'transfer_out')
