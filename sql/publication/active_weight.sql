-- active_weight: active weights after the orders, of the accounts with a factor band or a tracking-error cap.
-- Grain:   one row per (account_id, security_id).
-- Reads:   limit_fact, holding_after, benchmark_name.
-- Binds:   nothing.
-- Units:   millionths of a millionth of net asset value.
create or replace temp table active_weight as
with bound as (
    from limit_fact where nav > 0 and (factor_band_pico is not null or tracking_error_pico is not null)
)
select account_id, security_id, sum(active_pico)::bigint as active_pico
from (
    select bound.account_id, holding_after.security_id, value_after * 1000000 // bound.nav as active_pico
    from bound
    join holding_after on holding_after.account_id = bound.account_id
    union all
    select bound.account_id, benchmark_name.security_id, -(weight_femto // 1000)
    from bound
    join benchmark_name on benchmark_name.benchmark_id = bound.benchmark_id
) as both_sides
group by account_id, security_id
