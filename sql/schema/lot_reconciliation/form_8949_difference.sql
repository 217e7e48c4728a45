-- form_8949_difference: what the taxpayer reports otherwise than the custodian's Form 1099-B tells; state.
-- Grain:   one row per (account_id, tax_year, long_term) in which the two books differ.
-- Units:   micro-dollars. Gains are signed, before disallowed losses; they differ where a basis or a term does.
create table form_8949_difference (
    household_id varchar not null,
    account_id varchar not null,
    tax_year integer not null,
    long_term boolean not null,
    taxpayer_gain_microusd bigint not null,
    broker_gain_microusd bigint not null,
    taxpayer_disallowed_microusd bigint not null,
    broker_disallowed_microusd bigint not null,
    disallowed_difference_microusd bigint not null, -- taxpayer less broker: code W beyond the 1099-B
    reported_difference_microusd bigint not null    -- of the gains after disallowed losses, taxpayer less broker
)
