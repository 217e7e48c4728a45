-- trade: the day's events, from the custodian and from corporate actions, until they are booked or refused.
-- Grain:   one row per (event_id, account_id, lot_id).
create or replace temp table trade (
    event_id varchar not null,
    account_id varchar not null,
    household_id varchar not null,
    kind varchar not null,
    trade_date date not null,
    security_id varchar,
    identical_group varchar,
    lot_id varchar,                     -- null: first in, first out
    micro_shares bigint,                -- null in a transfer: the whole lot
    amount_microusd bigint,             -- proceeds, cost or cash; positive
    cash_microusd bigint not null,      -- signed change of the account's cash
    acquired_date date,                 -- of a transfer from outside the book
    holding_start_date date,            -- likewise
    other_account_id varchar,           -- the other side of a transfer inside the book
    supersedes varchar,
    sequence integer not null,          -- its place in the day where the order is known; otherwise 0
    turn integer not null default 1     -- the turn of the day in which it is worked
)
