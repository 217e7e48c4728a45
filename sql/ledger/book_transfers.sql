-- book_transfers: both sides of the turn's transfers out, with the basis that moved.
-- Grain:   one row per (event_id, account_id, security_id, lot_id).
-- Reads:   trade, taken.
-- Binds:   $turn.
-- Order:   event_id, account_id.
insert into event
with moved as (
    select
        event_id,
        account_id,
        other_account_id,
        security_id,
        lot_id,
        sum(position_hi - position_lo)::bigint as micro_shares,
        sum(basis_microusd)::bigint as basis_microusd
    from taken
    group by event_id, account_id, other_account_id, security_id, lot_id
)
select
    trade.household_id,
    trade.account_id,
    trade.event_id,
    trade.kind,
    trade.trade_date as effective_date,
    trade.security_id,
    trade.lot_id,
    case when trade.kind = 'transfer_out' then -moved.micro_shares else moved.micro_shares end as micro_shares,
    case when trade.kind = 'transfer_out' then -moved.basis_microusd else moved.basis_microusd end as basis_microusd,
    trade.cash_microusd,
    trade.supersedes
from trade
join moved
    on moved.security_id = trade.security_id
    and moved.lot_id = trade.lot_id
    and (
        (trade.kind = 'transfer_out' and moved.event_id = trade.event_id and moved.account_id = trade.account_id)
        or (
            trade.kind = 'transfer_in'
            and moved.other_account_id = trade.account_id
            and moved.account_id = trade.other_account_id
        )
    )
order by trade.event_id, trade.account_id
