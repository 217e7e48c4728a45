-- drop_refused: refused events are not booked in any part.
-- Grain:   rows of trade.
-- Reads:   refused_event.
-- Binds:   nothing.
-- Order:   none needed.
delete from trade
where exists (
    select 1 from refused_event
    where refused_event.event_id = trade.event_id and refused_event.account_id = trade.account_id
)
