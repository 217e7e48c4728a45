-- day_action: the day's corporate actions that are understood.
-- Grain:   one row per action_id.
create or replace temp table day_action (
    action_id varchar not null,
    sequence integer not null,
    kind varchar not null,
    security_id varchar not null,
    new_security_id varchar,
    ratio_new bigint,
    ratio_old bigint,
    cash_microusd bigint,
    fmv_old_microusd bigint,
    fmv_new_microusd bigint,
    cash_in_lieu_microusd bigint
)
