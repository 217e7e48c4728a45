-- absorb: matched shares become parts of their own, with the disallowed loss and the sold shares' holding period.
-- Grain:   one row per row of met.
-- Reads:   met, loss_to_meet, candidate.
-- Binds:   $tacking.
-- Order:   none needed.
-- Notes:   a permanently disallowed loss goes nowhere, and nothing is tacked (Rev. Rul. 2008-5).
insert into open_part
select
    nextval('part_number') as part_id,
    candidate.household_id,
    candidate.identical_group,
    candidate.account_id,
    candidate.security_id,
    candidate.lot_id,
    met.part_lo as position_lo,
    met.part_hi as position_hi,
    met.part_lo as part_from,
    met.part_hi - met.part_lo as part_shares,
    part(
        candidate.part_basis_microusd,
        candidate.part_shares,
        met.part_lo - candidate.part_from,
        met.part_hi - candidate.part_from
    ) + case
        when met.permanent then 0
        else part(loss.loss_microusd, loss.loss_shares, met.loss_lo - loss.loss_from, met.loss_hi - loss.loss_from)
    end as part_basis_microusd,
    candidate.acquired_date,
    candidate.purchase_order,
    case
        when met.permanent then candidate.holding_start_date
        else tacked_start($tacking, candidate.holding_start_date, loss.holding_start_date, loss.sale_date)
    end as holding_start_date,
    candidate.purchase,
    true as absorbed,
    candidate.truncated,
    candidate.no_basis,
    candidate.bought_as
from met
join loss_to_meet as loss on loss.loss_id = met.loss_id
join candidate on candidate.part_id = met.part_id
