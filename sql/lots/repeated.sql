-- repeated: late events that the file of their own session had brought already.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, earlier.
-- Binds:   $trade_date.
-- Order:   none needed.
insert into repeated
select trade.event_id, trade.account_id
from trade
semi join earlier.activity
    on activity.event_id = trade.event_id and activity.account_id = trade.account_id
where trade.trade_date = $trade_date::date
