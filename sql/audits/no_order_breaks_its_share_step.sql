-- no_order_breaks_its_share_step: orders that are no multiple of the account's step and no sale of a whole lot.
-- Grain:   one row per offending (account_id, security_id, side, lot_id).
-- Reads:   approved_order, policies, lots.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
select
    approved_order.account_id,
    approved_order.security_id,
    approved_order.side,
    approved_order.lot_id
from approved_order
join policies.account on account.account_id = approved_order.account_id
left join (
    select account_id, security_id, lot_id, sum(position_hi - position_lo) as micro_shares
    from lots.sublot
    semi join approved_order using (account_id, security_id, lot_id)
    group by all
) as held
    on held.account_id = approved_order.account_id
    and held.security_id = approved_order.security_id
    and held.lot_id = approved_order.lot_id
where
    approved_order.micro_shares % account.share_step_micro <> 0
    and approved_order.micro_shares <> coalesce(held.micro_shares, 0)
order by approved_order.account_id, approved_order.security_id, approved_order.side, approved_order.lot_id
