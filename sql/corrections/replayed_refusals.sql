-- replayed_refusals: refusals from before the replay that nothing supersedes, and those of the replay.
-- Grain:   one row per (event_id, account_id).
-- Reads:   refused_event, before, corrected, arrival.
-- Binds:   nothing.
-- Order:   event_id, account_id.
select * from refused_event
union
select earlier.*
from before.refused_event as earlier
where
    earlier.household_id in (from corrected)
    and not exists (select 1 from arrival where arrival.supersedes = earlier.event_id)
order by event_id, account_id
