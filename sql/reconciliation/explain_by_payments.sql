-- explain_by_payments: differences in cash of exactly what one event of tonight paid or took.
-- Grain:   one row per (account_id, rank, explanation).
-- Reads:   cash_difference, lots.
-- Binds:   $cash_tolerance_microusd.
-- Order:   none needed.
insert into explanation
select
    cash_difference.account_id,
    null as security_id,
    1 as rank,
    'cash' as kind,
    'custodian' as missing_at,
    'booked tonight by ' || paid.event_id || ' (' || replace(paid.kind, '_', ' ')
    || '), which the custodian does not show' as explanation
from cash_difference
join (
    select account_id, event_id, min(kind) as kind, sum(cash_microusd) as cash_microusd
    from lots.event
    semi join cash_difference using (account_id)
    group by account_id, event_id
    having sum(cash_microusd) <> 0
) as paid
    on paid.account_id = cash_difference.account_id
    and abs(cash_difference.difference_micro + paid.cash_microusd) <= $cash_tolerance_microusd
