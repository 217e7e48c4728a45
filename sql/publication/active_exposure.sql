-- active_exposure: exposures of the active weights after the orders, of the accounts with a band or cap on them.
-- Grain:   one row per (account_id, factor).
-- Reads:   active_weight, risk.
-- Binds:   nothing.
-- Units:   millionths of a millionth of the factor's unit; slack_pico is what cutting weights to integers may hide.
create or replace temp table active_exposure as
select
    active_weight.account_id,
    exposure.factor,
    sum(active_weight.active_pico::hugeint * round(exposure.exposure * 1e12)::hugeint) // 1000000000000 as exposure_pico,
    4 + ceil(sum(abs(exposure.exposure)))::hugeint as slack_pico
from active_weight
join risk.exposure on exposure.security_id = active_weight.security_id
group by active_weight.account_id, exposure.factor
