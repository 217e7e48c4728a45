-- open_lots: every open part of a lot as the solver and the reconciliation see it, for sales on one trade date.
-- Grain:   one row per (account, security, lot_id, position_lo); names without a number, which have no price, have none.
-- Reads:   lots, account_number, security_number.
-- Binds:   $trade_date.
-- Notes:   bought_as is told of what may be a recent purchase: only those are exempt from their own window. To name every
--          purchase by its date costs more than the rest of the statement.
-- Order:   account, security, lot_id, position_lo: that of the solve's arrays.
select
    account,
    security,
    lot_id,
    position_hi - position_lo as micro_shares,
    part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd,
    acquired_date,
    holding_start_date <= newest_long_start($trade_date::date) as long_term_next,
    case
        when acquired_date >= $trade_date::date - 30
            then coalesce(bought_as, purchase_name(account_id, security_id, lot_id, acquired_date))
        else bought_as
    end as bought_as
from lots.sublot
join account_number using (account_id)
join security_number using (security_id)
order by account, security, lot_id, position_lo
