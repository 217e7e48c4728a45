-- switch: the switches that were on when the night was published: who and what does not trade.
-- Grain:   one row per (scope, target).
create table switch (
    scope varchar not null check (scope in ('account', 'household', 'security', 'book')),
    target varchar not null, -- an id; blank for the book
    ruling_id varchar not null,
    reason varchar not null
)
