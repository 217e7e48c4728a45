-- explanation: a place for what would make up the whole of a difference; the lowest rank is told.
-- Grain:   one row per (account_id, security_id, rank, explanation); cash has no security.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
create or replace temp table explanation (
    account_id varchar not null,
    security_id varchar,
    rank integer not null,
    kind varchar not null,
    missing_at varchar not null,
    explanation varchar not null
)
