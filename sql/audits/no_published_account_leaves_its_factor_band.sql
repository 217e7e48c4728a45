-- no_published_account_leaves_its_factor_band: exposures after the orders outside the policy's band, as widened where it gave.
-- Grain:   one row per offending (account_id, factor).
-- Reads:   limit_fact, active_exposure.
-- Binds:   nothing.
-- Order:   account_id, factor.
select
    limit_fact.account_id,
    active_exposure.factor,
    active_exposure.exposure_pico
from limit_fact
join active_exposure on active_exposure.account_id = limit_fact.account_id
where
    active_exposure.exposure_pico > factor_band_pico + slack_pico
    + round(coalesce(relaxed[4 + 2 * sector_count + active_exposure.factor], 0) * 1e12)::hugeint
    or -active_exposure.exposure_pico > factor_band_pico + slack_pico
    + round(coalesce(relaxed[4 + 2 * sector_count + factors + active_exposure.factor], 0) * 1e12)::hugeint
order by limit_fact.account_id, active_exposure.factor
