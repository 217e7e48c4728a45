-- held_security: names that could not be traded in an account tonight, and why.
-- Grain:   one row per (account_id, security_id, reason).
create table held_security (
    account_id varchar not null,
    security_id varchar not null,
    value_microusd bigint not null,
    reason varchar not null
)
