-- realized_to_date: realised gain and disallowed loss by tax year of the sale; state.
-- Grain:   one row per (account_id, tax_year); a purchase in January changes the row of December's year.
create table realized_to_date (
    household_id varchar not null,
    account_id varchar not null,
    tax_year integer not null,
    short_gain_microusd bigint not null, -- signed, before disallowed losses
    long_gain_microusd bigint not null,
    short_disallowed_microusd bigint not null check (short_disallowed_microusd >= 0),
    long_disallowed_microusd bigint not null check (long_disallowed_microusd >= 0)
)
