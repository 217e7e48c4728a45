-- outcomes_of_report: accounts by outcome as the night report counts them, for its page.
-- Grain:   one row per status.
-- Reads:   shown.
-- Binds:   nothing.
-- Order:   status.
select status, accounts
from shown.status_count
order by status
