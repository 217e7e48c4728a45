-- replayed_events: what the replay booked of tonight's file, late events included.
-- Grain:   one row per (event_id, account_id, security_id, lot_id).
-- Reads:   event, arrival.
-- Binds:   $night.
-- Order:   event_id, account_id, security_id, lot_id.
select event.*
from event
where
    event.effective_date = $night::date
    or exists (
        select 1 from arrival
        where
            arrival.arrived = $night::date
            and arrival.event_id = event.event_id
            and arrival.account_id = event.account_id
    )
order by event.event_id, event.account_id, event.security_id, event.lot_id
