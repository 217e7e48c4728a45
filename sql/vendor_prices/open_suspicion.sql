-- open_suspicion: the suspicions that were not settled, and tonight's.
-- Grain:   one row per security_id; of two the earlier.
-- Reads:   suspicion_before, settled, judged_factor.
-- Binds:   $night (date).
-- Order:   security_id.
insert into open_suspicion
with suspicion as (
    select security_id, session, factor, explained_factor
    from suspicion_before
    anti join settled using (security_id)
    union all
    select security_id, $night::date as session, factor, explained_factor
    from judged_factor
    where verdict = 'suspected action'
)
from suspicion
qualify row_number() over (partition by security_id order by session) = 1
order by security_id
