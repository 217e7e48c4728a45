-- account_outcome: the published accounts, money in micro-dollars.
-- Grain:   one row per line of accounts.csv.
-- Reads:   account_row.
-- Binds:   nothing.
create or replace temp view account_outcome as
select
    account_id,
    household_id,
    shard,
    status,
    coalesce(reasons, '') as reasons,
    (harvested_loss_usd * 1000000)::bigint as harvested_loss_microusd,
    (realized_gain_usd * 1000000)::bigint as realized_gain_microusd,
    (cash_before_usd * 1000000)::bigint as cash_before_microusd,
    (cash_after_usd * 1000000)::bigint as cash_after_microusd,
    orders
from account_row
