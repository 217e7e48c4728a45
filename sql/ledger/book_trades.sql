-- book_trades: the day's other events and what each changed.
-- Grain:   one row per (event_id, account_id, security_id, lot_id).
-- Reads:   trade.
-- Binds:   nothing.
-- Order:   event_id, account_id, security_id, lot_id.
insert into event
select
    household_id,
    account_id,
    event_id,
    kind,
    trade_date as effective_date,
    security_id,
    lot_id,
    case
        when kind in ('buy', 'reinvest', 'transfer_in') then micro_shares
        when kind = 'sell' then -micro_shares
        else 0
    end as micro_shares,
    case when kind in ('buy', 'reinvest', 'transfer_in') then amount_microusd else 0 end as basis_microusd,
    cash_microusd,
    supersedes
from trade
where kind <> 'transfer_out' and (kind <> 'transfer_in' or other_account_id is null)
order by event_id, account_id, security_id, lot_id
