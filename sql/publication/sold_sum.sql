-- sold_sum: what the parts of a lot that the published sales take add up to.
-- Grain:   one row per (account_id, security_id, lot_id) of which something is sold.
-- Reads:   sold_part.
-- Binds:   nothing.
create or replace temp table sold_sum as
select
    account_id,
    security_id,
    lot_id,
    count(*) as parts,
    sum(basis_microusd) as basis_microusd,
    any_value(lot_micro) as lot_micro,
    bool_and(long_term) as long_term
from sold_part
group by account_id, security_id, lot_id
