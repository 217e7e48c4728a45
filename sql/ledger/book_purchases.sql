-- book_purchases: the turn's purchases, and lots that arrive from outside the book, as open parts.
-- Grain:   one row per purchase.
-- Reads:   trade, ledger_account.
-- Binds:   $turn.
-- Order:   none needed.
-- Notes:   a lot from outside was bought there on its acquired date and can absorb; where the feed gives no date, it is
--          taken as acquired on arrival and not bought. A holding start before the acquired date shows that it has
--          absorbed already.
insert into open_part
select
    nextval('part_number') as part_id,
    trade.household_id,
    trade.identical_group,
    trade.account_id,
    trade.security_id,
    trade.lot_id,
    0 as position_lo,
    trade.micro_shares as position_hi,
    0 as part_from,
    trade.micro_shares as part_shares,
    trade.amount_microusd as part_basis_microusd,
    coalesce(trade.acquired_date, trade.trade_date) as acquired_date,
    trade.sequence as purchase_order,
    coalesce(trade.holding_start_date, trade.acquired_date, trade.trade_date) as holding_start_date,
    trade.kind <> 'transfer_in' or trade.acquired_date is not null as purchase,
    coalesce(trade.holding_start_date < trade.acquired_date, false) as absorbed,
    false as truncated,
    ledger_account.no_basis,
    purchase_name(
        trade.account_id, trade.security_id, trade.lot_id, coalesce(trade.acquired_date, trade.trade_date)
    ) as bought_as
from trade
join ledger_account on ledger_account.account_id = trade.account_id
where
    trade.turn = $turn
    and (trade.kind in ('buy', 'reinvest') or (trade.kind = 'transfer_in' and trade.other_account_id is null))
