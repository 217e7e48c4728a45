-- ordered_rows: what was ordered for each account at the session before.
-- Grain:   one row per (account_id, security_id, side).
-- Reads:   published_before.allocation.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
insert into ordered
select account_id, security_id, side, sum(micro_shares)::bigint as micro_shares
from published_before.allocation
group by account_id, security_id, side
order by account_id, security_id, side
