-- activity: what the custodian says happened on the night's session (corrections of earlier sessions included).
-- Grain:   one row per event_id.
create table activity (
    event_id varchar not null,
    account_id varchar not null,
    kind varchar not null check (
        kind in (
            'buy', 'sell', 'reinvest', 'transfer_in', 'transfer_out', 'deposit', 'withdrawal', 'dividend', 'fee'
        )
    ),
    trade_date date not null,
    security_id varchar,
    lot_id varchar,
    micro_shares bigint check (micro_shares > 0),
    amount_microusd bigint,
    acquired_date date,      -- transfers in from outside the book only
    holding_start_date date, -- likewise
    supersedes varchar
)
