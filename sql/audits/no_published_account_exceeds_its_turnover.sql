-- no_published_account_exceeds_its_turnover: purchases and sales above what the policy allows, as widened where it gave.
-- Grain:   one row per offending account_id.
-- Reads:   limit_fact.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    (sales + purchases) // 1000000 as traded_microusd,
    turnover_most
from limit_fact
where (sales + purchases) // 1000000 > turnover_most + slack
order by account_id
