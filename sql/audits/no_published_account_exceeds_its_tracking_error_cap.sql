-- no_published_account_exceeds_its_tracking_error_cap: tracking error after the orders above the cap in force.
-- Grain:   one row per offending account_id.
-- Reads:   limit_fact, active_exposure, active_weight, risk.
-- Binds:   nothing.
-- Order:   account_id.
-- Squares are in millionths of a millionth, squared, times a thousand million; a millionth of the cap is forgiven.
with of_factors as (
    select account_id, sum(exposure_pico * exposure_pico) * 1000000000 as square
    from active_exposure
    group by account_id
),
of_names as (
    select
        active_weight.account_id,
        sum(
            active_weight.active_pico::hugeint * active_weight.active_pico
            * round(coalesce(specific_risk.specific_variance, 1) * 1e9)::hugeint
        ) as square
    from active_weight
    left join risk.specific_risk on specific_risk.security_id = active_weight.security_id
    group by active_weight.account_id
)
select limit_fact.account_id
from limit_fact
join of_names on of_names.account_id = limit_fact.account_id
left join of_factors on of_factors.account_id = limit_fact.account_id
where
    coalesce(of_factors.square, 0) + of_names.square
    > (tracking_error_pico + tracking_error_pico // 1000000 + 4) * (tracking_error_pico + tracking_error_pico // 1000000 + 4)
    * 1000000000
order by limit_fact.account_id
