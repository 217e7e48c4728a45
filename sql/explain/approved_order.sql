-- approved_order: what a shard approved of a night that is not published, in place of its allocations.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   reconciliation.
-- Binds:   nothing.
-- Order:   none; who reads it sorts.
create temp view explained_order as
select account_id, household_id, security_id, side, micro_shares, lot_id, price_microusd, estimated_microusd,
    gain_microusd, loss_microusd, term, reason
from reconciliation.approved_order
