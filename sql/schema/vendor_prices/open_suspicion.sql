-- open_suspicion: factors of the vendor that look like an action nobody told; state, carried from night to night.
-- Grain:   one row per security_id.
create table open_suspicion (
    security_id varchar not null,
    session date not null,          -- the session on which the action would take effect
    factor double not null,         -- adjusted / raw close of the session before it
    explained_factor double not null -- what the actions known that night explain
)
