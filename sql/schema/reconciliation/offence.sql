-- offence: what the judge cannot confirm of an answer; its account is held.
-- Grain:   one row per (account_id, offence).
create table offence (
    account_id varchar not null,
    offence varchar not null
)
