-- late_action_table: the actions of earlier sessions that tonight understands.
-- Grain:   one row per action_id.
create or replace temp table late_action (
    action_id varchar not null,
    security_id varchar not null,
    effective_date date not null
)
