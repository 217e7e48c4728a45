-- published_order: the allocations of a published night, of which the orders of its accounts are explained.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   none; who reads it sorts.
create temp view explained_order as
select account_id, household_id, security_id, side, micro_shares, lot_id, price_microusd, estimated_microusd,
    gain_microusd, loss_microusd, term, reason
from trades.allocation
