-- effect: what tonight's understood actions do to a close.
-- Grain:   one row per security_id with an action that takes effect tonight.
-- Reads:   actions.action.
-- Binds:   $night (date).
-- Order:   security_id.
--
-- The actions give ratio_new shares for ratio_old, and then pay paid_microusd on each new share, in cash or in shares
-- of a spun-off company: after them a close is expected to be close * ratio_old / ratio_new - paid.
create temp table effect as
select
    security_id,
    coalesce(max(ratio_new) filter (where kind in ('split', 'stock_dividend') and understood), 1) as ratio_new,
    coalesce(max(ratio_old) filter (where kind in ('split', 'stock_dividend') and understood), 1) as ratio_old,
    coalesce(sum(cash_microusd) filter (where kind in ('cash_dividend', 'return_of_capital') and understood), 0)
        + coalesce(
            max(ratio_new::hugeint * fmv_new_microusd // ratio_old) filter (where kind = 'spinoff' and understood), 0
        ) as paid_microusd,
    -- No expectation can be formed: the terms are unknown, or the name ends tonight.
    bool_or(not understood or kind in ('merger', 'delisting')) as unforeseeable
from actions.action
where effective_date = $night::date
group by security_id
order by security_id
