-- open_with_lots: the lots that the book begins with, at the close of its first night.
-- Grain:   one row per opening lot.
-- Reads:   activity, ledger_account.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id.
-- Notes:   each is a purchase of its acquired date. A holding start before that date shows a tacked period, so the lot
--          has absorbed a loss already and takes no other.
insert into sublot
select
    ledger_account.household_id,
    opening_lot.account_id,
    opening_lot.security_id,
    opening_lot.lot_id,
    0 as position_lo,
    opening_lot.micro_shares as position_hi,
    0 as part_from,
    null as other_part_shares,
    opening_lot.basis_microusd as part_basis_microusd,
    opening_lot.acquired_date,
    0 as purchase_order,
    nullif(opening_lot.holding_start_date, opening_lot.acquired_date) as other_holding_start_date,
    true as purchase,
    opening_lot.holding_start_date < opening_lot.acquired_date as absorbed,
    false as truncated,
    ledger_account.no_basis,
    null as bought_as
from activity.opening_lot
join ledger_account on ledger_account.account_id = opening_lot.account_id
order by opening_lot.account_id, opening_lot.security_id, opening_lot.lot_id
