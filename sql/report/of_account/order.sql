-- order: one account's part of tonight's orders, with the reason of each.
-- Grain:   one row per (security_id, side, lot_id).
-- Reads:   trades, policies.
-- Binds:   $account.
-- Order:   falling value, security_id, side, lot_id.
select
    coalesce(security.symbol, allocation.security_id) as symbol,
    coalesce(security.name, '') as name,
    allocation.* exclude (account_id, household_id)
from trades.allocation
left join policies.security on security.security_id = allocation.security_id
where allocation.account_id = $account
order by allocation.estimated_microusd desc, allocation.security_id, allocation.side, allocation.lot_id
