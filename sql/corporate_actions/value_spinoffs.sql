-- value_spinoffs: fair values of spin-offs from the closes of both names on the day, where they explain the close before.
-- Grain:   rows of reported_action.
-- Reads:   matched_term, session_close.
-- Binds:   $jump_max (largest believed |ln((old + ratio * new) / before)|).
-- Order:   none needed.
update reported_action set
    fmv_old_microusd = case when judged.why_not is null then judged.old_microusd end,
    fmv_new_microusd = case when judged.why_not is null then judged.new_microusd end,
    unresolved = judged.why_not
from (
    with valued as (
        select
            told.action_id,
            told.effective_date,
            told.security_id,
            told.new_security_id,
            coalesce(told.fmv_old_microusd, old.close_microusd) as old_microusd,
            coalesce(told.fmv_new_microusd, new.close_microusd) as new_microusd,
            earlier.close_microusd as before_microusd,
            told.ratio_new,
            told.ratio_old
        from reported_action as told
        left join session_close as old
            on old.security_id = told.security_id and old.session = told.effective_date
        left join session_close as new
            on new.security_id = told.new_security_id and new.session = told.effective_date
        left join session_close as earlier
            on earlier.security_id = told.security_id
            and earlier.session = (
                select max(session) from session_close as any_close where any_close.session < told.effective_date
            )
        where
            told.kind = 'spinoff'
            and told.unresolved is null
            and told.new_security_id is not null
            and told.ratio_new is not null
            and (told.fmv_old_microusd is null or told.fmv_new_microusd is null)
            and told.action_id in (select action_id from matched_term)
    )
    select
        action_id,
        old_microusd,
        new_microusd,
        case
            when old_microusd is null
                then 'fair values are not stated, and there is no believed close of ' || security_id || ' on '
                    || effective_date
            when new_microusd is null
                then 'fair values are not stated, and there is no believed close of ' || new_security_id || ' on '
                    || effective_date
            when before_microusd is null
                then 'fair values are not stated, and there is no believed close of ' || security_id
                    || ' before ' || effective_date
            when abs(ln((old_microusd + new_microusd::double * ratio_new / ratio_old) / before_microusd)) > $jump_max
                then 'fair values are not stated, and the closes of ' || effective_date || ', '
                    || old_microusd / 1e6 || ' and ' || ratio_new / ratio_old || ' times ' || new_microusd / 1e6
                    || ', do not explain the close before, ' || before_microusd / 1e6
        end as why_not
    from valued
) as judged
where judged.action_id = reported_action.action_id
