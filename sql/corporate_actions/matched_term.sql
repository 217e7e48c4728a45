-- matched_term: which action each of the operator's terms belongs to: one that the feed told, or one of its own.
-- Grain:   one row per row of resolved_term that tells an action of a known security.
-- Reads:   resolved_term, known_security, reported_action, known_before.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   a term belongs to an action of its security and day without a kind, to a name's end, or to one of its own
--          kind; several are paired in the order of their sequences. An action of its own is named after its row, for good.
create temp table matched_term as
with candidate as (
    select
        action_id, security_id, kind, effective_date, ratio_new, ratio_old, cash_microusd, new_security_id,
        fmv_old_microusd, fmv_new_microusd, cash_in_lieu_microusd, sequence, ex_date, null::date as booked_on
    from reported_action
    where action_id not in (select action_id from known_before where booked_on is not null)
    union all by name
    select
        action_id, security_id, kind, effective_date, ratio_new, ratio_old, cash_microusd, new_security_id,
        fmv_old_microusd, fmv_new_microusd, cash_in_lieu_microusd, sequence, ex_date, booked_on
    from known_before
    where
        booked_on is not null
        or action_id not in (select action_id from reported_action)
),
term as (
    select
        *,
        'terms:' || security_id || ':' || ex_date || coalesce(':' || sequence, '') as own_id
    from resolved_term
    where action_kind is not null and security_id in (select security_id from known_security)
),
unpaired as (
    select
        *,
        row_number() over (partition by security_id, effective_date order by sequence, action_kind, term) as place
    from term
    where own_id not in (select action_id from known_before)
),
possible as (
    select
        unpaired.term,
        candidate.*,
        row_number() over (
            partition by unpaired.term
            order by candidate.kind <> unpaired.action_kind, candidate.kind <> 'unclassified', candidate.action_id
        ) as choice
    from unpaired
    join candidate
        on candidate.security_id = unpaired.security_id
        and candidate.effective_date = unpaired.effective_date
        and candidate.action_id not like 'terms:%'
        and (
            candidate.kind in (unpaired.action_kind, 'unclassified')
            or (candidate.kind = 'delisting' and unpaired.action_kind = 'merger')
        )
),
chosen as (
    select possible.*
    from possible
    join unpaired using (term)
    where possible.choice = 1
    qualify row_number() over (partition by possible.action_id order by unpaired.place) = 1
)
select
    term.* exclude (own_id),
    coalesce(chosen.action_id, term.own_id) as action_id,
    chosen.kind as told_kind,
    coalesce(chosen.booked_on, known_before.booked_on) as booked_on,
    coalesce(chosen.ex_date, term.ex_date) as action_ex_date,
    coalesce(chosen.sequence, term.sequence) as action_sequence,
    -- A vendor's ratio of an action without a kind is a factor of its prices, and no ratio of shares.
    case when chosen.kind = term.action_kind then chosen.ratio_new end as told_ratio_new,
    case when chosen.kind = term.action_kind then chosen.ratio_old end as told_ratio_old,
    case when chosen.kind = term.action_kind then chosen.cash_microusd end as told_cash_microusd,
    case when chosen.kind = term.action_kind then chosen.new_security_id end as told_new_security_id,
    case when chosen.kind = term.action_kind then chosen.fmv_old_microusd end as told_fmv_old_microusd,
    case when chosen.kind = term.action_kind then chosen.fmv_new_microusd end as told_fmv_new_microusd,
    case when chosen.kind = term.action_kind then chosen.cash_in_lieu_microusd end as told_cash_in_lieu_microusd
from term
left join chosen on chosen.term = term.term
left join known_before on known_before.action_id = term.own_id
