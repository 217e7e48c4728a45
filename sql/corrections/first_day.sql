-- first_day: the earliest day on which files that arrived on or after $since changed something.
-- Grain:   one row.
-- Reads:   arrival, ledger_account.
-- Binds:   $since.
-- Order:   one row.
select min(least(arrival.trade_date, coalesce(original.trade_date, arrival.trade_date))) as first_day
from arrival
left join arrival as original on original.event_id = arrival.supersedes and original.account_id = arrival.account_id
where arrival.arrived >= $since::date and arrival.account_id in (select account_id from ledger_account)
