-- account_outcome: every account of the book exactly once, with its status.
-- Grain:   one row per account_id.
create table account_outcome (
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    status varchar not null check (
        status in (
            'CERTIFIED', 'CERTIFIED_NO_TRADE', 'CERTIFIED_RELAXED', 'HELD_INFEASIBLE', 'HELD_DATA', 'HELD_BREAK',
            'HELD_FROZEN', 'HELD_DEADLINE', 'HELD_SOLVER'
        )
    ),
    reasons varchar not null,
    objective double,
    bound double,
    gap_bp double,
    gap_microusd bigint,
    tracking_error_before_bps double,
    tracking_error_after_bps double,
    harvested_loss_microusd bigint not null,
    realized_gain_microusd bigint not null,
    tax_saved_microusd bigint not null,
    cash_before_microusd bigint not null,
    cash_after_microusd bigint not null,
    orders bigint not null
)
