-- acceptance: the breaks that operators accept on this night, each while it is exactly this.
-- Grain:   one row per (account_id, security_id); cash has no security.
create table acceptance (
    ruling_id varchar not null,
    account_id varchar not null,
    security_id varchar,
    difference_micro bigint not null check (difference_micro <> 0), -- custodian less book, micro-shares or micro-dollars
    reason varchar not null
)
