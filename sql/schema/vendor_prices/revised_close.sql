-- revised_close: closes of the session before that tonight's file tells otherwise, or tells for the first time.
-- Grain:   one row per security_id.
-- Units:   micro-dollars per share, raw.
create table revised_close (
    security_id varchar not null,
    session date not null,
    kind varchar not null check (kind in ('revised', 'late')), -- late: that night's own file had none
    used_microusd bigint not null,                             -- what that night was priced at
    first_microusd bigint,                                     -- what its file told
    second_microusd bigint not null,                           -- what tonight's file tells
    was_trusted boolean not null,
    check ((kind = 'late') = (first_microusd is null))
)
