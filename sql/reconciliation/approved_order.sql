-- approved_order: the proposed orders of every account that is not held.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   proposals; outcome of this partition.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
insert into approved_order
select
    proposed_order.account_id,
    outcome.household_id,
    proposed_order.security_id,
    proposed_order.side,
    proposed_order.micro_shares,
    proposed_order.lot_id,
    proposed_order.price_microusd,
    proposed_order.estimated_microusd,
    proposed_order.short_gain_microusd + proposed_order.long_gain_microusd as gain_microusd,
    proposed_order.loss_microusd,
    proposed_order.may_lose,
    proposed_order.term,
    proposed_order.reason
from proposals.proposed_order
join outcome on outcome.account_id = proposed_order.account_id
where outcome.status not like 'HELD%'
order by proposed_order.account_id, proposed_order.security_id, proposed_order.side, proposed_order.lot_id
