-- decided: the day's events and actions, which the replay books or refuses anew.
-- Grain:   rows of decided.
-- Reads:   activity, ledger_account, day_action, pair.
-- Binds:   nothing.
-- Order:   none needed.
insert into decided
select activity.event_id, activity.account_id, false as superseded
from activity.activity
semi join ledger_account on ledger_account.account_id = activity.account_id
union
select day_action.action_id, ledger_account.account_id, false
from day_action
join pair on pair.security_id = day_action.security_id
join ledger_account on ledger_account.household_id = pair.household_id
