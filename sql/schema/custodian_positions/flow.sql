-- flow: expected deposits (> 0) and withdrawals (< 0).
-- Grain:   one row per account_id.
create table flow (
    account_id varchar not null,
    amount_microusd bigint not null
)
