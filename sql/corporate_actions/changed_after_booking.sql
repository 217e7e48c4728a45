-- changed_after_booking: tonight's rows with the id of a booked action, but another security or ex-date.
-- Grain:   one row per action_id.
-- Reads:   reported_action, known_before.
-- Binds:   nothing.
-- Order:   action_id.
select
    reported_action.action_id,
    reported_action.security_id,
    reported_action.ex_date,
    known_before.security_id as booked_security_id,
    known_before.ex_date as booked_ex_date
from reported_action
join known_before using (action_id)
where known_before.booked_on is not null
    and (known_before.security_id, known_before.ex_date) <> (reported_action.security_id, reported_action.ex_date)
order by reported_action.action_id
