-- refused_event: events that break an invariant of the lots; their accounts are held, their neighbours go on.
-- Grain:   one row per (event_id, account_id); carried until the event is superseded.
create table refused_event (
    household_id varchar not null,
    account_id varchar not null,
    event_id varchar not null,
    code varchar not null,
    place varchar not null,
    found varchar not null,
    expected varchar not null,
    remedy varchar not null
)
