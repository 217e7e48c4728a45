-- late_dates: the earlier sessions of which tonight's file brings events.
-- Grain:   one row per trade_date.
-- Reads:   trade, ledger_session.
-- Binds:   $night.
-- Order:   trade_date.
select distinct trade_date
from trade
where trade_date <> $night::date and trade_date in (from ledger_session)
order by trade_date
