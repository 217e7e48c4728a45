-- no_published_account_exceeds_its_gain_budget: net gains above what is left of the year's budget, as widened where it gave.
-- Grain:   one row per offending account_id.
-- Reads:   limit_fact, sold_part.
-- Binds:   nothing.
-- Order:   account_id.
-- A budget that fills have already exceeded forbids further gains; it does not force losses.
select
    limit_fact.account_id,
    any_value(limit_fact.sales) // 1000000 - sum(sold_part.basis_microusd) as gain_microusd,
    any_value(limit_fact.gain_most) as gain_most
from limit_fact
join sold_part on sold_part.account_id = limit_fact.account_id
where limit_fact.taxable and limit_fact.gain_most is not null
group by limit_fact.account_id
having
    any_value(limit_fact.sales) // 1000000 - sum(sold_part.basis_microusd)
    > any_value(limit_fact.gain_most) + any_value(limit_fact.slack)
order by limit_fact.account_id
