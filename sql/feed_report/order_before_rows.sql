-- order_before_rows: the allocations of the night before, one row for all lots of a security.
-- Grain:   one row per (account_id, security_id).
-- Reads:   trades.allocation.
-- Binds:   nothing.
-- Order:   account_id, security_id.
insert into order_before
select
    account_id,
    security_id,
    sum(case when side = 'buy' then micro_shares else -micro_shares end)::bigint as micro_shares
from trades.allocation
group by account_id, security_id
order by account_id, security_id
