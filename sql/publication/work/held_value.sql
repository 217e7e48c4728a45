-- held_value: what the holdings of the accounts that are not held are worth before the orders.
-- Grain:   one row per (account_id, sector).
create or replace temp table held_value (
    account_id varchar not null,
    sector varchar,                     -- null for names of which the book knows none
    value hugeint not null              -- millionths of a micro-dollar, exact
)
