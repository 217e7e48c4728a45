-- exchange_parts: new shares for old ones; basis, dates and capacity stay (26 U.S.C. 307(a), 354, 358).
-- Grain:   rows of open_part.
-- Reads:   entitled.
-- Binds:   $new_security_id, $ratio_new, $ratio_old.
-- Order:   none needed.
update open_part set
    security_id = $new_security_id,
    identical_group = entitled.new_group,
    lot_id = entitled.new_lot_id,
    position_lo = entitled.new_lot_lo + entitled.new_count_lo - entitled.new_count_lot_lo,
    position_hi = entitled.new_lot_lo + entitled.new_count_hi - entitled.new_count_lot_lo,
    part_from = case
        when entitled.exact then scaled(part_from, $ratio_new, $ratio_old)
        else entitled.new_lot_lo + entitled.new_count_lo - entitled.new_count_lot_lo
    end,
    part_shares = case
        when entitled.exact then scaled(part_shares, $ratio_new, $ratio_old)
        else entitled.new_count_hi - entitled.new_count_lo
    end,
    part_basis_microusd = case when entitled.exact then part_basis_microusd else entitled.basis_microusd end,
    truncated = truncated or not entitled.exact
from entitled
where entitled.part_id = open_part.part_id
