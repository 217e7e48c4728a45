-- cash_fact: cash of the pairs since the first day: as it was booked (negative) and as it is now.
-- Grain:   none; changes are summed.
create or replace temp table cash_fact (
    household_id varchar not null,
    account_id varchar not null,
    security_id varchar not null,
    cash_microusd bigint not null
)
