-- approved_outcome: what a shard answered of one account on a night that is not published.
-- Grain:   one row.
-- Reads:   reconciliation.
-- Binds:   $account_id.
-- Order:   none needed.
select * exclude (household_id)
from reconciliation.outcome
where account_id = $account_id
