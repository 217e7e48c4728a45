-- stated_term: a place for the operator's terms of reorganisations, in the units of the tables.
-- Grain:   one row per row of the file whose ex_date has come.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none; it is filled from the file.
create temp table stated_term (
    ex_date date not null,
    effective_date date not null,
    security_id varchar not null,
    kind varchar not null,
    new_symbol varchar,
    new_security_id varchar,
    ratio_new bigint,
    ratio_old bigint,
    cash_microusd bigint,
    fmv_old_microusd bigint,
    fmv_new_microusd bigint,
    cash_in_lieu_microusd bigint,
    sequence integer,
    note varchar,
    price_check varchar,
    source varchar
)
