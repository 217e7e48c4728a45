-- activity_of_day: the day's events of the pairs as they are known tonight, whenever they arrived, less the superseded
--                  ones; and other households' transfers, which may be the other sides of theirs.
-- Grain:   one row per (event_id, account_id).
-- Reads:   arrival, pair, ledger_account.
-- Binds:   $day.
-- Order:   none needed.
-- Notes:   an event that arrives again under its own name stands as it first arrived.
create or replace table activity.activity as
select arrival.* exclude (arrived)
from arrival
left join ledger_account on ledger_account.account_id = arrival.account_id
left join pair
    on pair.household_id = ledger_account.household_id
    and pair.security_id = pair_security(arrival.kind, arrival.security_id)
where
    arrival.trade_date = $day::date
    and (pair.household_id is not null or (
        arrival.kind in ('transfer_in', 'transfer_out') and ledger_account.account_id is null
    ))
    and not exists (select 1 from arrival as later where later.supersedes = arrival.event_id)
qualify arrival.arrived = min(arrival.arrived) over (partition by arrival.event_id, arrival.account_id)
