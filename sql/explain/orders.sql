-- orders: one account's orders with the lots that they sell, their dates and their gains by term.
-- Grain:   one row per (security_id, side, lot_id).
-- Reads:   explained_order, proposals, lots, policies.
-- Binds:   $account_id.
-- Order:   security_id, side, lot_id: that of the published tax, which is a sum of floats.
-- Note:    a lot's parts leave in position order, and each may have dates of its own; the first and last are told.
with part as (
    select
        security_id,
        lot_id,
        acquired_date,
        holding_start_date,
        sum(position_hi - position_lo) over (
            partition by security_id, lot_id order by position_lo rows between unbounded preceding and current row
        ) - (position_hi - position_lo) as before
    from lots.sublot
    where account_id = $account_id
)
select
    explained_order.security_id,
    security.symbol,
    explained_order.side,
    explained_order.micro_shares,
    explained_order.lot_id,
    explained_order.price_microusd,
    explained_order.estimated_microusd,
    explained_order.gain_microusd,
    explained_order.loss_microusd,
    proposed_order.short_gain_microusd,
    proposed_order.long_gain_microusd,
    proposed_order.may_lose,
    explained_order.term,
    explained_order.reason,
    count(part.lot_id) as parts,
    min(part.acquired_date) as acquired_date,
    min(part.holding_start_date) as holding_start_date,
    max(part.holding_start_date) as holding_start_last_date
from explained_order
join proposals.proposed_order
    on proposed_order.account_id = explained_order.account_id
    and proposed_order.security_id = explained_order.security_id
    and proposed_order.side = explained_order.side
    and proposed_order.lot_id is not distinct from explained_order.lot_id
left join part
    on part.security_id = explained_order.security_id
    and part.lot_id = explained_order.lot_id
    and part.before < explained_order.micro_shares
left join policies.security on security.security_id = explained_order.security_id
where explained_order.account_id = $account_id
group by all
order by explained_order.security_id, explained_order.side, explained_order.lot_id
