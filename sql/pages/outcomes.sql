-- outcomes: accounts by outcome, for the page of an asset.
-- Grain:   one row per status.
-- Reads:   outcome.
-- Binds:   nothing.
-- Order:   status.
select status, count(*) as accounts
from outcome
group by status
order by status
