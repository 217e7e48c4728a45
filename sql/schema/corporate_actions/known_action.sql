-- known_action: every action met so far, booked or still waiting for its terms; state, carried from night to night.
-- Grain:   one row per action_id.
create table known_action (
    action_id varchar not null,
    security_id varchar not null,
    ex_date date not null,
    first_seen date not null,
    late boolean not null, -- first seen after its ex-date, when the name may already have been traded
    booked_on date,        -- null while its terms do not suffice
    why_not varchar,       -- what is missing, while it is not booked
    check ((booked_on is null) = (why_not is not null))
)
