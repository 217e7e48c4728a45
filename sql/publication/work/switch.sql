-- switch: the switches that were on when the night was published: who and what does not trade.
-- Grain:   one row per (scope, target).
create or replace temp table switch (
    scope varchar not null,
    target varchar not null,            -- an id; blank for the book
    ruling_id varchar not null,
    reason varchar not null
)
