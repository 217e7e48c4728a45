-- sold_part: the parts of lots that the published sales take; a lot's parts leave in position order.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo) of which something is sold.
create or replace temp table sold_part (
    account_id varchar not null,
    household_id varchar not null,
    security_id varchar not null,
    identical_group varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    sold_micro bigint not null,
    basis_microusd bigint not null,     -- of what is sold
    lot_micro bigint not null,          -- open shares of the whole lot
    long_term boolean not null,         -- on the trade date
    may_lose boolean not null,          -- a taxed part worth less than its basis plus the loss margin
    held_days bigint not null,
    purchase_id varchar not null
)
