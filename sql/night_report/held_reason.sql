-- held_reason: why accounts are held.
-- Grain:   one row per (status, reasons).
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   status, reasons.
insert into held_reason
select status, reasons, count(*) as accounts
from trades.account_outcome
where status like 'HELD%'
group by status, reasons
order by status, reasons
