-- refuse_before_opening: events of the book's first night, whose lots and cash are already those at its close.
-- Grain:   one row per (event_id, account_id).
-- Reads:   activity, ledger_account.
-- Binds:   $night.
-- Order:   event_id, account_id.
insert into refused_event
select
    ledger_account.household_id,
    activity.account_id,
    activity.event_id,
    'LOT-008' as code,
    'event ' || activity.event_id || ' of account ' || activity.account_id as place,
    'the trade date ' || activity.trade_date as found,
    'a date after the opening of the book on ' || $night::date as expected,
    'Ask the custodian for a correction that supersedes the event.' as remedy
from activity.activity
join ledger_account on ledger_account.account_id = activity.account_id
order by activity.event_id, activity.account_id
