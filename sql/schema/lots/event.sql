-- event: what was booked tonight, in the order it was booked; append-only, tonight's rows.
-- Grain:   one row per (event_id, account_id).
create table event (
    event_id varchar not null,
    account_id varchar not null,
    seq integer not null,
    kind varchar not null,
    effective_date date not null,
    security_id varchar,
    lot_id varchar,
    micro_shares bigint,
    amount_microusd bigint,
    supersedes varchar
)
