-- every_account_of_the_book_is_published_once: accounts missing from the published file, or in it twice.
-- Grain:   one row per offending account_id.
-- Reads:   account_outcome, policies, shards.
-- Binds:   nothing.
-- Order:   account_id.
select
    coalesce(account.account_id, account_outcome.account_id) as account_id,
    count(account_outcome.account_id) as outcomes,
    count(account.account_id) as policies
from policies.account
full join account_outcome on account_outcome.account_id = account.account_id
group by all
having count(account_outcome.account_id) <> 1 or count(account.account_id) <> 1
order by account_id
