-- refuse_unknown_original: events that supersede an event which no file brought; neither is guessed.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, unknown_original, refused_event.
-- Binds:   nothing.
-- Order:   event_id, account_id.
insert into refused_event
select
    trade.household_id,
    trade.account_id,
    trade.event_id,
    'LOT-013' as code,
    'event ' || trade.event_id || ' of account ' || trade.account_id as place,
    'a correction of the event ' || trade.supersedes || ', which no file brought' as found,
    'the name of an event that was reported' as expected,
    'Ask the custodian for the event, or for a correction that names the right one.' as remedy
from trade
semi join unknown_original on unknown_original.event_id = trade.event_id
anti join refused_event on refused_event.event_id = trade.event_id and refused_event.account_id = trade.account_id
order by trade.event_id, trade.account_id
