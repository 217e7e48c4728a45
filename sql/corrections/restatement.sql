-- restatement: the differences between what is realised now and what was known.
-- Grain:   one row per (account_id, sale_id, lot_id, tax_year, long_term) that changed.
-- Reads:   realized_fact.
-- Binds:   nothing.
-- Order:   account_id, sale_id, lot_id, tax_year, long_term.
select
    household_id,
    account_id,
    coalesce(min(security_id) filter (where from_piece), min(security_id)) as security_id,
    sale_id,
    lot_id,
    tax_year,
    long_term,
    sum(sign * micro_shares)::bigint as micro_shares,
    sum(sign * proceeds_microusd)::bigint as proceeds_microusd,
    sum(sign * basis_microusd)::bigint as basis_microusd,
    sum(sign * disallowed_microusd)::bigint as disallowed_microusd,
    sum(sign * permanent_microusd)::bigint as permanent_microusd
from realized_fact
group by household_id, account_id, sale_id, lot_id, tax_year, long_term
having
    sum(sign * micro_shares) <> 0
    or sum(sign * proceeds_microusd) <> 0
    or sum(sign * basis_microusd) <> 0
    or sum(sign * disallowed_microusd) <> 0
    or sum(sign * permanent_microusd) <> 0
order by account_id, sale_id, lot_id, tax_year, long_term
