-- spin_off_parts: the spun-off shares of each part, with its dates and purchase and without capacity: nobody bought them.
-- Grain:   one row per part with new shares.
-- Reads:   divided, open_part.
-- Binds:   $new_security_id.
-- Order:   none needed.
insert into open_part
select
    nextval('part_number') as part_id,
    open_part.household_id,
    divided.new_group as identical_group,
    open_part.account_id,
    $new_security_id as security_id,
    divided.new_lot_id as lot_id,
    divided.new_count_lo - divided.new_count_lot_lo as position_lo,
    divided.new_count_hi - divided.new_count_lot_lo as position_hi,
    divided.new_count_lo - divided.new_count_lot_lo as part_from,
    divided.new_count_hi - divided.new_count_lo as part_shares,
    divided.new_basis_microusd as part_basis_microusd,
    open_part.acquired_date,
    open_part.purchase_order,
    open_part.holding_start_date,
    false as purchase,
    false as absorbed,
    not divided.exact as truncated,
    open_part.no_basis,
    open_part.bought_as
from divided
join open_part on open_part.part_id = divided.part_id
where divided.new_count_lo < divided.new_count_hi
