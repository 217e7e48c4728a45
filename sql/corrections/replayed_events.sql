-- replayed_events: what the replay booked of tonight's file and of the terms that arrived tonight, late ones included.
-- Grain:   one row per (event_id, account_id, security_id, lot_id).
-- Reads:   event, arrival, late_action.
-- Binds:   $night.
-- Order:   event_id, account_id, security_id, lot_id.
select event.*
from event
where
    event.effective_date = $night::date
    or event.event_id in (select action_id from late_action)
    or exists (
        select 1 from arrival
        where
            arrival.arrived = $night::date
            and arrival.event_id = event.event_id
            and arrival.account_id = event.account_id
            and not exists (
                select 1 from arrival as earlier
                where
                    earlier.event_id = arrival.event_id
                    and earlier.account_id = arrival.account_id
                    and earlier.arrived < arrival.arrived
            )
    )
order by event.event_id, event.account_id, event.security_id, event.lot_id
