-- restriction: names and sectors an account may not buy, sell or hold much of, in force tonight.
-- Grain:   one row per (account_id, kind, on_what, value).
create table restriction (
    account_id varchar not null,
    kind varchar not null check (kind in ('exclude', 'no_buy', 'no_sell', 'max_weight')),
    on_what varchar not null check (on_what in ('security', 'sector')),
    value varchar not null,
    weight_max double,
    reason varchar not null
)
