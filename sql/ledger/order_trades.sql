-- order_trades: one trade a turn, in the order of the day; otherwise all of a day's trades are one turn.
-- Grain:   every row of trade.
-- Reads:   trade.
-- Binds:   nothing.
-- Order:   within a household's identical group: sequence, event_id.
update trade set turn = numbered.turn
from (
    select
        event_id,
        account_id,
        dense_rank() over (partition by household_id, identical_group order by sequence, event_id) as turn
    from trade
    where turn >= 0
) as numbered
where trade.turn >= 0 and numbered.event_id = trade.event_id and numbered.account_id = trade.account_id
