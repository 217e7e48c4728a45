-- sold_lot: the lots that the published sales name, and how much of each they sell.
-- Grain:   one row per (account_id, security_id, lot_id).
-- Reads:   allocation.
-- Binds:   nothing.
create or replace temp table sold_lot as
select account_id, security_id, lot_id, sum(micro_shares)::bigint as micro_shares
from allocation
where side = 'sell'
group by account_id, security_id, lot_id
