-- arrive_transfers: transferred shares in their new account; dates, basis, capacity and purchase go with them.
-- Grain:   one row per part that moved inside the book.
-- Reads:   taken, ledger_account.
-- Binds:   nothing.
-- Order:   none needed.
insert into open_part
select
    nextval('part_number') as part_id,
    ledger_account.household_id,
    taken.identical_group,
    taken.other_account_id as account_id,
    taken.security_id,
    taken.lot_id,
    taken.position_lo,
    taken.position_hi,
    taken.position_lo as part_from,
    taken.position_hi - taken.position_lo as part_shares,
    taken.basis_microusd as part_basis_microusd,
    taken.acquired_date,
    taken.purchase_order,
    taken.holding_start_date,
    taken.purchase,
    taken.absorbed,
    taken.truncated,
    ledger_account.no_basis,
    taken.bought_as
from taken
join ledger_account on ledger_account.account_id = taken.other_account_id
