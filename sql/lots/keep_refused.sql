-- keep_refused: events refused on earlier nights, until they are booked or superseded.
-- Grain:   one row per (event_id, account_id).
-- Reads:   before, refused_event, decided.
-- Binds:   nothing.
-- Order:   event_id, account_id.
-- Notes:   whatever mends a refusal of an earlier night is a correction, so `decided` has it.
insert into refused_event
select earlier.*
from before.refused_event as earlier
anti join decided
    on decided.event_id = earlier.event_id
    and decided.account_id = earlier.account_id
    -- That a name came twice stays true when its day is booked again.
    and (decided.superseded or earlier.code <> 'LOT-001')
anti join refused_event as tonight
    on tonight.event_id = earlier.event_id and tonight.account_id = earlier.account_id
order by earlier.event_id, earlier.account_id
