-- judged_factor: the vendor's factor adjusted / raw of the session before, against what tonight's actions explain.
-- Grain:   one row per security_id that had a price on the session before and has a factor, or an action, tonight.
-- Reads:   told, price_before, effect.
-- Binds:   $factor_tolerance (largest |ln(factor / explained)| that is not told), $split_factor_min (beyond it the name
--          is frozen).
-- Order:   security_id.
--
-- An adjusted close is the raw one less everything that takes effect after its session: in tonight's file, of the
-- session before, that is what takes effect tonight.
create temp table judged_factor as
with explained as (
    select
        told.security_id,
        told.earlier_microusd,
        told.earlier_adjusted_microusd::double / told.earlier_microusd as factor,
        greatest(
            1,
            told.earlier_microusd::double * coalesce(effect.ratio_old, 1) / coalesce(effect.ratio_new, 1)
            - coalesce(effect.paid_microusd, 0)
        ) / told.earlier_microusd as explained_factor
    from told
    join price_before using (security_id)
    left join effect using (security_id)
    -- Where the terms are not known the action itself freezes the name.
    where told.earlier_microusd is not null and not coalesce(effect.unforeseeable, false)
)
select
    *,
    case
        when abs(ln(factor / explained_factor)) > $split_factor_min and abs(ln(factor)) > $factor_tolerance
            then 'suspected action'
        when abs(ln(factor / explained_factor)) <= $factor_tolerance
            then null
        when abs(ln(factor)) <= $factor_tolerance
            then 'action without a factor'
        when explained_factor = 1
            then 'dividend without an action'
        else 'factor differs from the action'
    end as verdict
from explained
order by security_id
