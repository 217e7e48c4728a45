-- keep_refused: events refused on earlier nights, until an event that is booked supersedes them.
-- Grain:   one row per (event_id, account_id).
-- Reads:   before, trade, refused_event, corrected.
-- Binds:   nothing.
-- Order:   event_id, account_id.
insert into refused_event
select earlier.*
from before.refused_event as earlier
anti join trade on trade.supersedes = earlier.event_id and trade.account_id = earlier.account_id
anti join refused_event as tonight
    on tonight.event_id = earlier.event_id and tonight.account_id = earlier.account_id
where earlier.household_id not in (from corrected)
order by earlier.event_id, earlier.account_id
