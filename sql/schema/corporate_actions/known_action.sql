-- known_action: every action met so far with its terms, booked or still waiting; state, carried from night to night.
-- Grain:   one row per action_id.
-- Units:   as in action.
create table known_action (
    action_id varchar not null,
    security_id varchar not null,
    kind varchar not null,
    ex_date date not null,
    effective_date date not null,
    sequence integer,
    ratio_new bigint,
    ratio_old bigint,
    cash_microusd bigint,
    new_security_id varchar,
    fmv_old_microusd bigint,
    fmv_new_microusd bigint,
    cash_in_lieu_microusd bigint,
    first_seen date not null,
    booked_on date,        -- the night that understood it; null while its terms do not suffice
    why_not varchar,       -- what is missing, while it is not booked
    check ((booked_on is null) = (why_not is not null))
)
