-- household_orders: tonight's orders of a household's accounts, by the group that they stand in.
-- Grain:   one row per (account_id, security_id, side, lot_id).
-- Reads:   explained_order, proposals, policies.
-- Binds:   $household_id.
-- Order:   account_id, security_id, side, lot_id.
select
    explained_order.account_id,
    explained_order.security_id,
    coalesce(security.identical_group_next, explained_order.security_id) as identical_group,
    explained_order.side,
    explained_order.lot_id,
    explained_order.micro_shares,
    explained_order.estimated_microusd,
    explained_order.gain_microusd,
    explained_order.term,
    explained_order.reason,
    proposed_order.may_lose
from explained_order
join proposals.proposed_order
    on proposed_order.account_id = explained_order.account_id
    and proposed_order.security_id = explained_order.security_id
    and proposed_order.side = explained_order.side
    and proposed_order.lot_id is not distinct from explained_order.lot_id
left join policies.security on security.security_id = explained_order.security_id
where explained_order.household_id = $household_id
order by explained_order.account_id, explained_order.security_id, explained_order.side, explained_order.lot_id
