-- holding: one shard's holdings join the book's.
-- Grain:   one row per (account_id, security_id).
-- Reads:   account_outcome; lots of the shard.
-- Binds:   nothing.
-- Order:   account_id, security_id.
insert into holding
select sublot.account_id, sublot.security_id, sum(sublot.position_hi - sublot.position_lo)::bigint
from lots.sublot
semi join (from account_outcome where status not like 'HELD%') as answered on answered.account_id = sublot.account_id
group by sublot.account_id, sublot.security_id
order by sublot.account_id, sublot.security_id
