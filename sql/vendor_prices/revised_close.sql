-- revised_close: closes of the session before that tonight's file tells otherwise, or tells for the first time.
-- Grain:   one row per security_id.
-- Reads:   told, price_before.
-- Binds:   $before (date), $revision_min (smallest |ln(second / first)| that counts).
-- Order:   security_id.
insert into revised_close
select
    told.security_id,
    $before::date as session,
    case when price_before.reported_microusd is null then 'late' else 'revised' end as kind,
    price_before.close_microusd as used_microusd,
    price_before.reported_microusd as first_microusd,
    told.earlier_microusd as second_microusd,
    price_before.trusted as was_trusted
from told
join price_before using (security_id)
where
    told.earlier_microusd is not null
    and coalesce(
        abs(ln(told.earlier_microusd::double / price_before.reported_microusd)) > $revision_min, true
    )
order by told.security_id
