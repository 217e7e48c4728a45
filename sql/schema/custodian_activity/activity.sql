-- activity: what the custodian says happened on the night's session (corrections of earlier sessions included).
-- Grain:   one row per row of the file; an event_id that stands there twice is refused by the ledger.
create table activity (
    event_id varchar not null,
    account_id varchar not null,
    kind varchar not null,   -- as reported; the ledger refuses those that it does not keep
    trade_date date not null,
    security_id varchar,
    lot_id varchar,
    micro_shares bigint check (micro_shares > 0),
    amount_microusd bigint,
    acquired_date date,      -- transfers in from outside the book only
    holding_start_date date, -- likewise
    supersedes varchar,
    namesakes integer not null default 1 -- rows of the file with this event_id
)
