-- no_published_order_breaks_its_share_step: allocations that are no multiple of the account's step and no sale of a whole lot.
-- Grain:   one row per offending (account_id, security_id, side, lot_id).
-- Reads:   allocation, sold_sum, policies.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
select
    allocation.account_id,
    allocation.security_id,
    allocation.side,
    allocation.lot_id
from allocation
join policies.account on account.account_id = allocation.account_id
left join sold_sum as lot
    on lot.account_id = allocation.account_id
    and lot.security_id = allocation.security_id
    and lot.lot_id = allocation.lot_id
where
    allocation.micro_shares % account.share_step_micro <> 0
    and allocation.micro_shares <> coalesce(lot.lot_micro, 0)
order by allocation.account_id, allocation.security_id, allocation.side, allocation.lot_id
