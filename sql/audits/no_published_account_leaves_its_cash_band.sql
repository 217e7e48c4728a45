-- no_published_account_leaves_its_cash_band: cash after the orders outside the policy's band, as widened where it gave.
-- Grain:   one row per offending account_id.
-- Reads:   limit_fact.
-- Binds:   nothing.
-- Order:   account_id.
select
    account_id,
    cash_after,
    cash_least,
    cash_most
from (
    select *, cash_with_flow + (sales - purchases) // 1000000 as cash_after
    from limit_fact
) as after
where cash_after < cash_least - slack or cash_after > cash_most + slack
order by account_id
