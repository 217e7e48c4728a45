-- refuse_told_before: late events that came late once before, under the same name.
-- Grain:   one row per (event_id, account_id).
-- Reads:   arrival, ledger_account.
-- Binds:   $night.
-- Order:   event_id, account_id.
select distinct
    ledger_account.household_id,
    arrival.account_id,
    arrival.event_id,
    'LOT-001' as code,
    'event ' || arrival.event_id || ' of account ' || arrival.account_id as place,
    'an event of ' || arrival.trade_date || ' that was reported before, on ' || earlier.arrived as found,
    'a name of its own, and the name of the event that it supersedes' as expected,
    'Ask the custodian for a correction that supersedes the event.' as remedy
from arrival
join ledger_account on ledger_account.account_id = arrival.account_id
join arrival as earlier
    on earlier.event_id = arrival.event_id
    and earlier.account_id = arrival.account_id
    and earlier.arrived < arrival.arrived
where arrival.arrived = $night::date
order by arrival.event_id, arrival.account_id
