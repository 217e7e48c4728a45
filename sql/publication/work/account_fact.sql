-- account_fact: what the book knows of an account, and the limits it was answered under, of every shard that answered.
-- Grain:   one row per account_id.
create or replace temp table account_fact (
    account_id varchar not null,
    shard varchar not null,
    cash_microusd bigint not null,
    realized_microusd bigint not null,  -- of the tax year of tonight's sales
    sectors varchar[] not null,         -- of the shard's universe, in the order of relaxed
    factors integer not null,
    relaxed double[] not null,          -- by how much each limit was widened; empty where none was
    tracking_error_max double           -- the cap in force; null for none
)
