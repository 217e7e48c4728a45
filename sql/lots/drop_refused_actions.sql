-- drop_refused_actions: refused actions are not booked in any account.
-- Grain:   rows of day_action.
-- Reads:   refused_event.
-- Binds:   nothing.
-- Order:   none needed.
delete from day_action where action_id in (select event_id from refused_event)
