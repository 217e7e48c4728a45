-- outcome: what is published of each account; the answer, or why it is held.
-- Grain:   one row per account_id of the shard.
create table outcome (
    account_id varchar not null,
    household_id varchar not null,
    status varchar not null,
    reasons varchar not null,
    objective double,
    bound double,
    gap_bp double,
    gap_microusd bigint,
    tracking_error_before_bps double,
    tracking_error_after_bps double,
    harvested_loss_microusd bigint not null check (harvested_loss_microusd >= 0),
    realized_gain_microusd bigint not null,
    tax_saved_microusd bigint not null,
    cash_before_microusd bigint not null,
    cash_after_microusd bigint not null,
    orders bigint not null check (orders >= 0),
    check (status not like 'HELD%' or orders = 0)
)
