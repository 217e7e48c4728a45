-- refuse_repeated: events that were reported before, and arrive again as if they were new.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, repeated, refused_event.
-- Binds:   nothing.
-- Order:   event_id, account_id.
insert into refused_event
select
    trade.household_id,
    trade.account_id,
    trade.event_id,
    'LOT-001' as code,
    'event ' || trade.event_id || ' of account ' || trade.account_id as place,
    'an event of ' || trade.trade_date || ' that was reported on that session' as found,
    'a name of its own, and the name of the event that it supersedes' as expected,
    'Ask the custodian for a correction that supersedes the event.' as remedy
from trade
semi join repeated on repeated.event_id = trade.event_id and repeated.account_id = trade.account_id
anti join refused_event on refused_event.event_id = trade.event_id and refused_event.account_id = trade.account_id
order by trade.event_id, trade.account_id
