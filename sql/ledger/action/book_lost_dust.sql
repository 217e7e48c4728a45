-- book_lost_dust: basis of parts that a reverse split leaves with less than a micro-share; it leaves with them.
-- Grain:   one row per part without new shares.
-- Reads:   entitled, open_part.
-- Binds:   $action_id, $night.
-- Order:   account_id, lot_id, position_lo.
insert into disposal_piece
select
    open_part.household_id,
    open_part.account_id,
    open_part.identical_group,
    open_part.security_id,
    $action_id as sale_id,
    open_part.lot_id,
    open_part.position_lo,
    open_part.position_lo as position_hi,
    0 as proceeds_microusd,
    entitled.basis_microusd,
    open_part.acquired_date,
    open_part.holding_start_date,
    $night::date as sale_date,
    0 as sale_order,
    $night::date >= long_from(open_part.holding_start_date) as long_term,
    not open_part.no_basis as taxable,
    nullif(
        open_part.bought_as,
        purchase_name(open_part.account_id, open_part.security_id, open_part.lot_id, open_part.acquired_date)
    ) as bought_as
from entitled
join open_part on open_part.part_id = entitled.part_id
where entitled.new_count_lo = entitled.new_count_hi
order by open_part.account_id, open_part.lot_id, open_part.position_lo
