-- ledger_security: the day's groups of substantially identical securities.
-- Grain:   one row per security_id.
create or replace temp table ledger_security (
    security_id varchar not null,
    identical_group varchar not null
)
