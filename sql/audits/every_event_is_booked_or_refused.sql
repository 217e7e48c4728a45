-- every_event_is_booked_or_refused: events of the shard's accounts that are neither, nor superseded; nothing is lost.
-- Grain:   one row per (event_id, account_id).
-- Reads:   activity, ledger_account, event, refused_event, decided.
-- Binds:   nothing.
-- Order:   event_id, account_id.
select activity.event_id, activity.account_id
from activity.activity
semi join ledger_account on ledger_account.account_id = activity.account_id
anti join event on event.event_id = activity.event_id and event.account_id = activity.account_id
anti join refused_event
    on refused_event.event_id = activity.event_id and refused_event.account_id = activity.account_id
anti join decided
    on decided.superseded and decided.event_id = activity.event_id and decided.account_id = activity.account_id
where not exists (select 1 from activity.activity as later where later.supersedes = activity.event_id)
order by activity.event_id, activity.account_id
