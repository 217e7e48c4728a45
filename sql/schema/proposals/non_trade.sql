-- non_trade: trades that were not made though they would have been worth most, what stopped them, and what they were worth.
-- Grain:   one row per (account_id, security_id, side, stopped_by).
-- Units:   worth_usd: dollars of the account's objective at the certificate's prices, were the one thing not there.
create table non_trade (
    account_id varchar not null,
    security_id varchar not null,
    side varchar not null check (side in ('buy', 'sell')),
    stopped_by varchar not null check (
        stopped_by in (
            'wash_window', 'dispute', 'household_purchase', 'household_loss_sale', 'purchase_tonight',
            'loss_sale_tonight', 'minimum_holding_days', 'mode', 'no_sell', 'no_buy', 'exclusion', 'frozen_name',
            'not_in_benchmark', 'max_weight', 'net_gain_budget', 'turnover', 'tracking_error', 'sector', 'cash', 'tax', 'factor_band',
            'cost'
        )
    ),
    detail varchar not null,         -- the reason of a frozen name, else empty
    opposite_date date,              -- of a wash window: the last purchase or loss sale on the other side
    until date,                      -- of a wash window: the last day on which it is closed
    worth_usd double not null check (worth_usd >= 0)
)
