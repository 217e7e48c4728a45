-- position: what the custodian holds at the close of the night.
-- Grain:   one row per (account_id, security_id).
create table position (
    account_id varchar not null,
    security_id varchar not null,
    micro_shares bigint not null check (micro_shares > 0)
)
