-- held_account: the accounts whose answer is to trade nothing; the judge has nothing to confirm of them.
-- Grain:   one row per account_id.
-- Reads:   proposals.
-- Binds:   nothing.
-- Order:   account_id.
select account_id
from proposals.answer
where status like 'HELD%'
order by account_id
