-- outcome_before_rows: the outcomes of the night before.
-- Grain:   one row per account_id.
-- Reads:   trades.account_outcome.
-- Binds:   nothing.
-- Order:   account_id.
insert into outcome_before
select account_id, status
from trades.account_outcome
order by account_id
