-- late_trade: tonight's events of earlier sessions, and the days that they change.
-- Grain:   one row per (household_id, security_id, since).
-- Reads:   trade.
-- Binds:   $night.
-- Order:   household_id, security_id, since.
select distinct
    household_id,
    pair_security(kind, security_id) as security_id,
    trade_date as since
from trade
where trade_date <> $night::date
order by household_id, security_id, since
