-- new_cash: cash that the replay booked.
-- Grain:   none; changes are summed.
-- Reads:   event.
-- Binds:   nothing.
-- Order:   none needed.
insert into cash_fact
select household_id, account_id, pair_security(kind, security_id) as security_id, cash_microusd
from event
where cash_microusd <> 0
