-- allocation: one shard's approved orders join the book's.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   answered (one shard's reconciliation).
-- Binds:   nothing.
-- Order:   the shard's; the published file is sorted anew.
insert into allocation
select
    account_id,
    household_id,
    security_id,
    side,
    micro_shares,
    lot_id,
    price_microusd,
    estimated_microusd,
    gain_microusd,
    loss_microusd,
    term,
    reason
from answered.approved_order
order by account_id, security_id, side, lot_id
