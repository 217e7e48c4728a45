-- apply_terms: the actions that the operator's terms tell, with what the feed told of them first.
-- Grain:   one row per action_id that is not booked.
-- Reads:   matched_term.
-- Binds:   nothing.
-- Order:   action_id.
insert into reported_action by name
select
    action_id,
    security_id,
    action_kind as kind,
    action_ex_date as ex_date,
    effective_date,
    action_sequence as sequence,
    coalesce(told_ratio_new, ratio_new) as ratio_new,
    case when told_ratio_new is null then ratio_old else told_ratio_old end as ratio_old,
    coalesce(told_cash_microusd, cash_microusd) as cash_microusd,
    coalesce(told_new_security_id, new_security_id) as new_security_id,
    coalesce(told_fmv_old_microusd, fmv_old_microusd) as fmv_old_microusd,
    coalesce(told_fmv_new_microusd, fmv_new_microusd) as fmv_new_microusd,
    coalesce(told_cash_in_lieu_microusd, cash_in_lieu_microusd) as cash_in_lieu_microusd,
    case when told_new_security_id is null then unresolved end as unresolved
from matched_term
where booked_on is null
order by action_id
