-- order_trades: one trade a turn, in the order of the day; otherwise all of a day's trades are one turn.
-- Grain:   every row of trade.
-- Reads:   trade, ledger_account.
-- Binds:   nothing.
-- Order:   within a taxpayer's identical group: sequence, event_id.
update trade set turn = numbered.turn
from (
    select
        trade.event_id,
        trade.account_id,
        dense_rank() over (
            partition by ledger_account.taxpayer_id, trade.identical_group order by trade.sequence, trade.event_id
        ) as turn
    from trade
    join ledger_account on ledger_account.account_id = trade.account_id
    where trade.turn >= 0
) as numbered
where trade.turn >= 0 and numbered.event_id = trade.event_id and numbered.account_id = trade.account_id
