-- reorganisation: what tonight made of each row of the operator's terms that is due.
-- Grain:   one row per row of static/reorganisations with an ex_date no later than the night.
create table reorganisation (
    ex_date date not null,
    security_id varchar not null,
    kind varchar not null,      -- as the file has it
    sequence integer,
    action_id varchar,          -- the action that it tells the terms of; null where it tells none
    outcome varchar not null
)
