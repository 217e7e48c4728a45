-- recon_break: the breaks of every shard that answered, accepted ones included.
-- Grain:   one row per (account_id, kind, security_id); cash has no security.
create or replace temp table recon_break (
    account_id varchar not null,
    kind varchar not null,
    security_id varchar,
    book_micro bigint not null,
    custodian_micro bigint not null,
    accepted_by varchar                 -- the ruling that accepts exactly this difference
)
