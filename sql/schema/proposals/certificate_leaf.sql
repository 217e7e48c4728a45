-- certificate_leaf: the prices whose Lagrangian bounds, together, prove an account's bound (docs/model.md, section 2).
-- Grain:   one row per (account_id, leaf).
create table certificate_leaf (
    account_id varchar not null,
    leaf integer not null,
    prices double[] not null,       -- of the factors, cash, the sectors, turnover, net gain
    cap_price double not null,      -- of half the squared tracking-error cap
    decided integer[] not null      -- disjunctions decided, counted from 1: negative sells losses, positive buys
)
