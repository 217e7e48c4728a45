-- answer: the solver's outcome per account, before reconciliation.
-- Grain:   one row per account_id of the shard.
-- Units:   objective and bound are fractions of net asset value; gap in basis points of it and in micro-dollars.
create table answer (
    account_id varchar not null,
    household_id varchar not null,
    wave integer not null,
    status varchar not null check (
        status in (
            'CERTIFIED', 'CERTIFIED_NO_TRADE', 'CERTIFIED_RELAXED', 'HELD_INFEASIBLE', 'HELD_DATA', 'HELD_BREAK',
            'HELD_FROZEN', 'HELD_DEADLINE', 'HELD_SOLVER'
        )
    ),
    reasons varchar not null,
    objective double,
    bound double,
    gap_continuous_bp double, -- before rounding
    gap_bp double,            -- of the rounded orders
    gap_microusd bigint,
    objective_idle double,
    nav_microusd bigint not null,
    tracking_error_before_bps double,
    tracking_error_after_bps double,
    cash_before_microusd bigint not null,
    cash_after_microusd bigint not null,
    net_gain_microusd bigint not null, -- of the orders' taxed sales, at the night's close
    turnover double not null,
    nodes bigint not null,
    check (status like 'HELD%' or objective is not null),
    check (status like 'HELD%' or bound is not null)
)
