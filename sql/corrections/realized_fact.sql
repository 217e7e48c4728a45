-- realized_fact: what is realised in the pairs since the first day: as it was known (sign -1) and as it is now (sign 1).
-- Grain:   none; facts are summed.
create or replace temp table realized_fact (
    sign integer not null,
    household_id varchar not null,
    account_id varchar not null,
    security_id varchar not null, -- of the sale; where only a match tells of it, of the replacement
    from_piece boolean not null,
    sale_id varchar not null,
    lot_id varchar not null,
    tax_year integer not null,
    long_term boolean not null,
    micro_shares bigint not null,
    proceeds_microusd bigint not null,
    basis_microusd bigint not null,
    disallowed_microusd bigint not null,
    permanent_microusd bigint not null
)
