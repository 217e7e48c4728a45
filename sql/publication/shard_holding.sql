-- shard_holding: what the accounts of one shard that are not held own before the orders.
-- Grain:   one row per (account_id, security_id).
-- Reads:   account_outcome; lots of the shard.
-- Binds:   nothing.
create or replace temp table shard_holding as
select sublot.account_id, sublot.security_id, sum(sublot.position_hi - sublot.position_lo)::bigint as micro_shares
from lots.sublot
semi join (from account_outcome where status not like 'HELD%') as answered on answered.account_id = sublot.account_id
group by sublot.account_id, sublot.security_id
