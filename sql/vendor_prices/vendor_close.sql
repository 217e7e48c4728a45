-- vendor_close: what the file tells of each security, and why its close is doubted.
-- Grain:   one row per security_id that the file tells of, or that waits for an action.
-- Reads:   told, open_suspicion, settled, revised_close.
-- Binds:   $revision_min, $revision_max (as in book.toml).
-- Order:   security_id.
insert into vendor_close
select
    coalesce(told.security_id, open_suspicion.security_id) as security_id,
    told.symbol,
    told.close_microusd,
    told.earlier_microusd,
    told.earlier_adjusted_microusd,
    case
        when told.contradicts
            then 'contradicting rows'
        when
            revised_close.kind = 'revised'
            and abs(ln(revised_close.second_microusd::double / revised_close.first_microusd)) > $revision_max
            and abs(ln(revised_close.second_microusd::double / revised_close.used_microusd)) > $revision_max
            then 'revised'
        when open_suspicion.security_id is not null
            then 'suspected action'
        -- Nothing was traded: what stands there is a close of an earlier day, or an opening indication.
        when told.close_microusd is not null and told.volume = 0
            then 'no volume'
    end as doubt,
    coalesce(
        abs(ln(revised_close.second_microusd::double / revised_close.used_microusd)) > $revision_min, false
    ) as restated,
    settled.security_id is not null as settled
from told
full join open_suspicion on open_suspicion.security_id = told.security_id
left join settled on settled.security_id = told.security_id
left join revised_close on revised_close.security_id = told.security_id
order by 1
