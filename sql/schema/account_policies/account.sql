-- account: the policy of every account of the book, as of the night.
-- Grain:   one row per account_id.
-- Units:   rates and weights are fractions; *_bps basis points; factor_band annualised exposure; an empty limit is null.
create table account (
    account_id varchar not null,
    household_id varchar not null,
    owner_id varchar not null,
    registration varchar not null check (registration in ('taxable', 'ira', 'roth', 'trust')),
    benchmark_id varchar not null,
    mode varchar not null check (mode in ('tax_aware', 'tax_unaware', 'buy_only', 'hold')),
    frozen boolean not null,
    short_rate double not null,
    long_rate double not null,
    short_loss_rate double not null,
    long_loss_rate double not null,
    risk_aversion double not null check (risk_aversion > 0),
    tracking_error_max_bps double,
    cash_min double not null,
    cash_max double not null,
    sector_band double,
    turnover_max double,
    net_gain_budget_microusd bigint,
    cost_bps double not null,
    trigger_bps double not null,
    min_trade_microusd bigint not null,
    share_step_micro bigint not null check (share_step_micro > 0),
    min_holding_days integer not null,
    factor_band double,
    relaxation_order varchar,
    policy_fault varchar -- what breaks the contract, and holds the account tonight; broken cells have a stand-in
)
