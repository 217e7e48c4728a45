-- session_return: the returns that the next nights' estimates will be made from.
-- Grain:   one row per (session, security_id), at most sessions_max sessions.
create table session_return (
    session date not null,
    security_id varchar not null,
    total_return double not null
)
