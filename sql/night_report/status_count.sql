-- status_count: accounts by outcome.
-- Grain:   one row per status.
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   status.
insert into status_count
select status, count(*) as accounts
from trades.account_outcome
group by status
order by status
