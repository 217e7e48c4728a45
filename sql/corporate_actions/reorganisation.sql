-- reorganisation: what became of each row of the operator's terms that is due.
-- Grain:   one row per row of resolved_term.
-- Reads:   resolved_term, matched_term, action, known_security, known_action.
-- Binds:   nothing.
-- Order:   ex_date, security_id, sequence, kind.
insert into reorganisation
select
    resolved_term.ex_date,
    resolved_term.stated_security_id as security_id,
    resolved_term.stated_kind as kind,
    resolved_term.sequence,
    matched_term.action_id,
    case
        when resolved_term.action_kind is null then 'it says nothing of shares that are held'
        when resolved_term.security_id not in (select security_id from known_security)
            then 'the security ' || resolved_term.security_id || ' is not a security of securities.csv'
        when matched_term.action_id is null then resolved_term.unresolved
        when known_action.booked_on is not null then 'booked on ' || known_action.booked_on
        else coalesce(known_action.why_not, 'another action of the day has told it')
    end as outcome
from resolved_term
left join matched_term on matched_term.term = resolved_term.term
left join known_action on known_action.action_id = matched_term.action_id
order by resolved_term.ex_date, resolved_term.stated_security_id, resolved_term.sequence, resolved_term.stated_kind
