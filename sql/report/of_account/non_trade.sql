-- non_trade: one account's trades not made, what stopped them and until when, and what they would have been worth.
-- Grain:   one row per (security_id, side, stopped_by).
-- Reads:   policies, proposals.
-- Binds:   $account.
-- Order:   falling worth, security_id, side, stopped_by.
select coalesce(security.symbol, non_trade.security_id) as symbol, non_trade.* exclude (account_id)
from proposals.non_trade
left join policies.security on security.security_id = non_trade.security_id
where non_trade.account_id = $account
order by non_trade.worth_usd desc, non_trade.security_id, non_trade.side, non_trade.stopped_by
