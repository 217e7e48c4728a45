-- seed: what changed, and from which day on: the events and actions that arrived tonight.
-- Grain:   one row or more per (household_id, security_id); the security '' stands for events that move only cash.
create or replace temp table seed (
    household_id varchar not null,
    security_id varchar not null,
    since date not null
)
