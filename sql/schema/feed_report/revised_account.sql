-- revised_account: what the night before would have been worth in an account at the close that is told tonight.
-- Grain:   one row per (account_id, security_id) that held or was ordered to trade a security of revised_close.
-- Units:   micro-shares, micro-dollars; ordered shares below zero are sold.
create table revised_account (
    account_id varchar not null,
    security_id varchar not null,
    session date not null,
    used_microusd bigint not null,
    second_microusd bigint not null,
    held_micro_shares bigint not null,
    value_change_microusd bigint not null,
    ordered_micro_shares bigint not null,
    order_change_microusd bigint not null
)
