-- compared_part: what either side holds of a pairing, by holding start, and whether their shares agree throughout.
-- Grain:   one row per (account_id, security_id, pairing, holding_start_date).
-- Reads:   lot_part, compared_lot.
-- Binds:   $shares_tolerance_micro.
-- Order:   none needed.
create or replace temp table compared_part as
with part_of_pairing as (
    select
        account_id,
        security_id,
        compared_lot.pairing,
        lot_part.holding_start_date,
        coalesce(sum(micro_shares) filter (where side = 'book'), 0)::bigint as book_shares,
        coalesce(sum(micro_shares) filter (where side = 'custodian'), 0)::bigint as custodian_shares,
        coalesce(sum(basis_microusd) filter (where side = 'book'), 0)::bigint as book_basis,
        coalesce(sum(basis_microusd) filter (where side = 'custodian'), 0)::bigint as custodian_basis
    from lot_part
    join compared_lot using (side, account_id, security_id, lot_id)
    group by account_id, security_id, compared_lot.pairing, lot_part.holding_start_date
)
select
    *,
    bool_and(abs(book_shares - custodian_shares) <= $shares_tolerance_micro) over (
        partition by account_id, security_id, pairing
    ) as agrees
from part_of_pairing
