-- acceptance: the breaks that operators accepted on this night when it was published, each while it is exactly this.
-- Grain:   one row per (account_id, security_id); cash has no security.
create or replace temp table acceptance (
    ruling_id varchar not null,
    account_id varchar not null,
    security_id varchar,
    difference_micro bigint not null,   -- custodian less book, micro-shares or micro-dollars
    reason varchar not null
)
