-- frozen_security: names that are neither bought nor sold because an action of theirs is not understood.
-- Grain:   one row per security_id; carried from night to night until the terms arrive.
create table frozen_security (
    security_id varchar not null,
    since date not null,
    action_id varchar not null,
    reason varchar not null
)
