-- name_lots: the open parts of lots of a household in the securities of one identical group.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo).
-- Reads:   lots, policies, prices, windows.
-- Binds:   $household_id, $identical_group, $trade_date.
-- Order:   account_id, security_id, lot_id, position_lo.
select
    sublot.account_id,
    sublot.security_id,
    sublot.lot_id,
    sublot.position_lo,
    sublot.position_hi - sublot.position_lo as micro_shares,
    part(
        sublot.part_basis_microusd,
        sublot.part_shares,
        sublot.position_lo - sublot.part_from,
        sublot.position_hi - sublot.part_from
    ) as basis_microusd,
    ((sublot.position_hi - sublot.position_lo)::hugeint * price.close_microusd // 1000000)::bigint as value_microusd,
    sublot.acquired_date,
    sublot.holding_start_date,
    case when $trade_date::date >= long_from(sublot.holding_start_date) then 'long' else 'short' end as term,
    turning_long.long_from,
    sublot.absorbed
from lots.sublot
join policies.security
    on security.security_id = sublot.security_id and security.identical_group_next = $identical_group
left join prices.price on price.security_id = sublot.security_id
left join windows.turning_long
    on turning_long.account_id = sublot.account_id
    and turning_long.security_id = sublot.security_id
    and turning_long.lot_id = sublot.lot_id
    and turning_long.position_lo = sublot.position_lo
where sublot.household_id = $household_id
order by sublot.account_id, sublot.security_id, sublot.lot_id, sublot.position_lo
