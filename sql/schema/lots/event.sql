-- event: what was booked tonight and what it changed; append-only, tonight's rows.
-- Grain:   one row per (event_id, account_id, security_id, lot_id); an action has one row per account and security.
-- Units:   signed micro-shares and micro-dollars. The basis of sold shares is in disposal_piece, not here.
create table event (
    household_id varchar not null,
    account_id varchar not null,
    event_id varchar not null,
    kind varchar not null,
    effective_date date not null,
    security_id varchar,
    lot_id varchar,
    micro_shares bigint not null,
    basis_microusd bigint not null,
    cash_microusd bigint not null,
    supersedes varchar
)
