-- ordered_rows: what was ordered at the session before of the names in which book and custodian differ.
-- Grain:   one row per (account_id, security_id, side).
-- Reads:   published_before.allocation, position_difference.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
insert into ordered
select account_id, security_id, side, sum(micro_shares)::bigint as micro_shares
from published_before.allocation
semi join position_difference using (account_id, security_id)
group by account_id, security_id, side
order by account_id, security_id, side
