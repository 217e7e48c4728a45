-- unvalued_session: the days of spin-offs whose fair values the operator's terms leave to the market.
-- Grain:   one row per effective_date.
-- Reads:   reported_action, matched_term.
-- Binds:   nothing.
-- Order:   effective_date.
select distinct effective_date
from reported_action
where
    kind = 'spinoff'
    and unresolved is null
    and new_security_id is not null
    and (fmv_old_microusd is null or fmv_new_microusd is null)
    and action_id in (select action_id from matched_term)
order by effective_date
