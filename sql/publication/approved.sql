-- approved: one shard's approved orders join the book's.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   reconciliation of the shard.
-- Binds:   nothing.
-- Order:   none needed; rows are counted.
insert into approved
select
    account_id,
    security_id,
    side,
    micro_shares,
    lot_id,
    price_microusd,
    estimated_microusd,
    case when side = 'sell' then gain_microusd end,
    term,
    reason
from answered.approved_order
