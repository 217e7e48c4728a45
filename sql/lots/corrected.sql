-- corrected: households with an event of an earlier session, or one that supersedes an event of an earlier file.
-- Grain:   one row per household_id.
-- Reads:   trade, activity.
-- Binds:   $night.
-- Order:   none needed.
insert into corrected
select distinct trade.household_id
from trade
where
    trade.trade_date <> $night::date
    or (
        trade.supersedes is not null
        and not exists (select 1 from activity.activity where activity.event_id = trade.supersedes)
    )
