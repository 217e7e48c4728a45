-- price: tonight's closes, believed or not, and the total return since the session before.
-- Grain:   one row per security_id that ever had a price.
-- Reads:   reported_price, price_before, effect.
-- Binds:   $jump_max (largest believed |ln(close / expected)|), $confirm_max (largest that the next close confirms).
-- Order:   security_id.
insert into price
with known as (
    select
        coalesce(reported_price.security_id, price_before.security_id) as security_id,
        reported_price.close_microusd as reported_microusd,
        reported_price.doubt,
        coalesce(reported_price.restated, false) as restated,
        coalesce(reported_price.settled, false) as settled,
        price_before.close_microusd as close_before_microusd,
        price_before.reported_microusd as reported_before_microusd,
        price_before.trusted as trusted_before,
        price_before.distrust as distrust_before,
        price_before.sessions_stale as stale_before,
        coalesce(effect.ratio_new, 1)::hugeint as ratio_new,
        coalesce(effect.ratio_old, 1)::hugeint as ratio_old,
        coalesce(effect.paid_microusd, 0)::hugeint as paid_microusd,
        coalesce(effect.unforeseeable, false) as unforeseeable
    from reported_price
    full join price_before on price_before.security_id = reported_price.security_id
    left join effect on effect.security_id = coalesce(reported_price.security_id, price_before.security_id)
),
expected as (
    -- In integers, nearest, and never below one millionth, whatever the terms say.
    select
        *,
        greatest(
            1, (close_before_microusd * ratio_old + ratio_new // 2) // ratio_new - paid_microusd
        )::bigint as expected_microusd,
        greatest(
            1, (reported_before_microusd * ratio_old + ratio_new // 2) // ratio_new - paid_microusd
        )::bigint as expected_of_reported_microusd
    from known
),
judged as (
    select
        *,
        case
            when reported_microusd is not null and (settled or (unforeseeable and doubt is null))
                then null
            -- The vendor changed its series backwards too, so that no later close confirms it: it comes back, or not.
            when distrust_before = 'revised'
                and coalesce(abs(ln(reported_microusd::double / expected_microusd)) > $jump_max, true)
                then 'revised'
            when doubt is not null
                then doubt
            when reported_microusd is null
                then 'no price'
            when close_before_microusd is null
                then null
            when abs(ln(reported_microusd::double / expected_microusd)) <= $jump_max
                then null
            -- The close before jumped, and tonight's stays where it jumped to: the jump is confirmed.
            when distrust_before = 'jump'
                and abs(ln(reported_microusd::double / expected_of_reported_microusd)) <= $jump_max
                and abs(ln(reported_microusd::double / expected_microusd)) <= $confirm_max
                then null
            else 'jump'
        end as distrust
    from expected
)
select
    security_id,
    case when distrust is null then reported_microusd else expected_microusd end as close_microusd,
    reported_microusd,
    distrust is null as trusted,
    distrust,
    case when distrust is null then 0 else coalesce(stale_before, 0) + 1 end as sessions_stale,
    case
        when distrust is null and trusted_before and not unforeseeable and not restated and not settled
            then (reported_microusd + paid_microusd)::double * ratio_new::double
                / ratio_old::double / close_before_microusd::double - 1
    end as total_return
from judged
-- A name whose first close is doubted has none yet.
where distrust is null or close_before_microusd is not null
order by security_id
