-- keep_rest_of_basis: the old shares keep what was not spun off.
-- Grain:   rows of open_part.
-- Reads:   divided.
-- Binds:   nothing.
-- Order:   none needed.
update open_part set
    part_from = open_part.position_lo,
    part_shares = open_part.position_hi - open_part.position_lo,
    part_basis_microusd = divided.basis_microusd - divided.new_basis_microusd
from divided
where divided.part_id = open_part.part_id
