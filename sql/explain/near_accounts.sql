-- near_accounts: accounts whose names are most like one that the book does not have.
-- Grain:   one row per account_id, at most two.
-- Reads:   policies.
-- Binds:   $account_id.
-- Order:   falling likeness, then account_id.
select account_id
from policies.account
order by jaro_winkler_similarity(account_id, $account_id) desc, account_id
limit 2
