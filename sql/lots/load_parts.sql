-- load_parts: the touched sublots as they stood at the close of the session before.
-- Grain:   one row per sublot.
-- Reads:   before, touched, ledger_security.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   numbered downwards by their rows; parts that the day makes are numbered upwards.
insert into open_part
select
    -1 - sublot.rowid as part_id,
    sublot.household_id,
    coalesce(ledger_security.identical_group, sublot.security_id) as identical_group,
    sublot.account_id,
    sublot.security_id,
    sublot.lot_id,
    sublot.position_lo,
    sublot.position_hi,
    sublot.part_from,
    sublot.part_shares,
    sublot.part_basis_microusd,
    sublot.acquired_date,
    sublot.purchase_order,
    sublot.holding_start_date,
    sublot.purchase,
    sublot.absorbed,
    sublot.truncated,
    sublot.no_basis,
    coalesce(
        sublot.bought_as, purchase_name(sublot.account_id, sublot.security_id, sublot.lot_id, sublot.acquired_date)
    ) as bought_as
from before.sublot
semi join touched on touched.source_row = sublot.rowid
left join ledger_security on ledger_security.security_id = sublot.security_id
