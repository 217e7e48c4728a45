-- cash: each account's cash at the close of the night; state.
-- Grain:   one row per account_id.
create table cash (
    household_id varchar not null,
    account_id varchar not null,
    cash_microusd bigint not null
)
