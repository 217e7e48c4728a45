-- replayed_cash_table: cash of the corrected households as the replay leaves it.
-- Grain:   one row per account_id.
create or replace temp table replayed_cash (
    household_id varchar not null,
    account_id varchar not null,
    cash_microusd bigint not null
)
