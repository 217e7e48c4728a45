-- arrivals_of_night: one night's file.
-- Grain:   one row per (event_id, account_id).
-- Reads:   activity, ledger_account, seed, late_action.
-- Binds:   $arrived.
-- Order:   none needed.
insert into arrival
select activity.*, $arrived::date as arrived
from activity.activity
where
    activity.kind in ('transfer_in', 'transfer_out')
    or activity.supersedes is not null
    or activity.account_id in (
        select account_id
        from ledger_account
        where taxpayer_id in (
            select taxpayer_id from ledger_account where household_id in (select household_id from seed)
        )
    )
    or activity.security_id in (select security_id from late_action)
