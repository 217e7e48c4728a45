-- settled: suspicions that end tonight: an action of that day was booked, or the operator confirmed a close since.
-- Grain:   one row per security_id.
-- Reads:   suspicion_before, actions.known_action, confirmed.
-- Binds:   $night (date), $factor_tolerance (largest |ln| between a factor and the ratio that explains it).
-- Order:   security_id.
create temp table settled as
select
    suspicion_before.security_id,
    suspicion_before.session,
    min(known_action.action_id) as action_id
from suspicion_before
left join actions.known_action
    on known_action.security_id = suspicion_before.security_id
    and known_action.booked_on is not null
    and (
        (
            known_action.effective_date = suspicion_before.session
            and known_action.kind in (
                'split', 'stock_dividend', 'spinoff', 'merger', 'cash_dividend', 'return_of_capital', 'delisting'
            )
        )
        -- A vendor may be days early with a split (NFLX in July 2015): its ratio then tells that it is the same.
        or (
            known_action.effective_date > suspicion_before.session
            and known_action.kind in ('split', 'stock_dividend')
            and abs(ln(
                suspicion_before.factor / suspicion_before.explained_factor
                * known_action.ratio_new / known_action.ratio_old
            )) <= $factor_tolerance
        )
    )
    -- What was booked that same night had not explained the factor.
    and known_action.booked_on > suspicion_before.session
left join confirmed
    on confirmed.security_id = suspicion_before.security_id
    and confirmed.session between suspicion_before.session and $night::date
where known_action.action_id is not null or confirmed.security_id is not null
group by suspicion_before.security_id, suspicion_before.session
order by suspicion_before.security_id
