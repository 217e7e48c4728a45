-- non_trades: trades that one account did not make, what stopped each, and the group that it stands in.
-- Grain:   one row per (security_id, side, stopped_by).
-- Reads:   proposals, policies.
-- Binds:   $account_id.
-- Order:   falling worth, then security_id, side, stopped_by.
select
    non_trade.security_id,
    security.symbol,
    coalesce(security.identical_group_next, non_trade.security_id) as identical_group,
    security.sector,
    non_trade.side,
    non_trade.stopped_by,
    non_trade.detail,
    non_trade.opposite_date,
    non_trade.until,
    non_trade.worth_usd
from proposals.non_trade
left join policies.security on security.security_id = non_trade.security_id
where non_trade.account_id = $account_id
order by non_trade.worth_usd desc, non_trade.security_id, non_trade.side, non_trade.stopped_by
