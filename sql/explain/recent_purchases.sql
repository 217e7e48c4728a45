-- recent_purchases: the purchases of a household, still held and unused, that close a group to loss sales.
-- Grain:   one row per (identical_group, acquired_date, account_id, security_id, lot_id).
-- Reads:   lots, policies.
-- Binds:   $household_id, $trade_date.
-- Order:   identical_group, acquired_date, account_id, security_id, lot_id.
select
    coalesce(security.identical_group_next, sublot.security_id) as identical_group,
    sublot.account_id,
    sublot.security_id,
    sublot.lot_id,
    coalesce(
        sublot.bought_as, purchase_name(sublot.account_id, sublot.security_id, sublot.lot_id, sublot.acquired_date)
    ) as event_id,
    sublot.acquired_date as day,
    sublot.acquired_date + 30 as last_day,
    sum(sublot.position_hi - sublot.position_lo)::bigint as micro_shares,
    null::bigint as loss_microusd
from lots.sublot
left join policies.security on security.security_id = sublot.security_id
where
    sublot.household_id = $household_id
    and sublot.purchase
    and not sublot.absorbed
    and sublot.acquired_date between $trade_date::date - 30 and $trade_date::date
group by all
order by identical_group, day, sublot.account_id, sublot.security_id, sublot.lot_id, event_id
