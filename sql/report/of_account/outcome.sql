-- outcome: one account's published outcome and its policy as of the night.
-- Grain:   one row, or none where the night does not have the account.
-- Reads:   trades, policies.
-- Binds:   $account.
-- Order:   a single row.
select account_outcome.*, account.* exclude (account_id, household_id)
from trades.account_outcome
left join policies.account on account.account_id = account_outcome.account_id
where account_outcome.account_id = $account
