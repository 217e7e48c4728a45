-- lower_basis: the basis that the cash consumed is gone from the shares.
-- Grain:   rows of open_part.
-- Reads:   paid.
-- Binds:   nothing.
-- Order:   none needed.
update open_part set
    part_from = open_part.position_lo,
    part_shares = open_part.position_hi - open_part.position_lo,
    part_basis_microusd = paid.basis_microusd - paid.used_microusd
from paid
where paid.part_id = open_part.part_id
