-- unknown_original: events of the shard that supersede an event which no file brought.
-- Grain:   one row per event_id.
-- Reads:   arrival, original, ledger_account.
-- Binds:   nothing.
-- Order:   event_id.
select distinct arrival.event_id
from arrival
semi join ledger_account on ledger_account.account_id = arrival.account_id
where arrival.supersedes is not null and arrival.supersedes not in (select event_id from original)
order by arrival.event_id
