-- custodian_cash: the custodian's cash balance at the close of the night.
-- Grain:   one row per account_id.
create table custodian_cash (
    account_id varchar not null,
    cash_microusd bigint not null
)
