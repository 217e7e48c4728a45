-- open_lots: every open part of a lot as the solver and the reconciliation see it, for sales on one trade date.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo); sales take a lot's parts in this order.
-- Reads:   lots, policies.
-- Binds:   $trade_date.
-- Order:   account_id, security_id, lot_id, position_lo.
select
    sublot.household_id,
    sublot.account_id,
    sublot.security_id,
    coalesce(security.identical_group, sublot.security_id) as identical_group,
    sublot.lot_id,
    sublot.position_lo,
    sublot.position_hi - sublot.position_lo as micro_shares,
    part(
        sublot.part_basis_microusd,
        sublot.part_shares,
        sublot.position_lo - sublot.part_from,
        sublot.position_hi - sublot.part_from
    ) as basis_microusd,
    sublot.acquired_date,
    sublot.holding_start_date,
    $trade_date::date >= long_from(sublot.holding_start_date) as long_term_next,
    sublot.absorbed,
    coalesce(
        sublot.bought_as, purchase_name(sublot.account_id, sublot.security_id, sublot.lot_id, sublot.acquired_date)
    ) as bought_as
from lots.sublot
left join policies.security on security.security_id = sublot.security_id
order by sublot.account_id, sublot.security_id, sublot.lot_id, sublot.position_lo
