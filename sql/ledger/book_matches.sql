-- book_matches: what met, with the loss that each match disallows.
-- Grain:   one row per (sale_id, account_id, lot_id, piece_lo, loss_lo).
-- Reads:   met, loss_to_meet, candidate.
-- Binds:   $night.
-- Order:   sale_id, account_id, lot_id, loss_lo.
insert into wash_match
select
    loss.household_id,
    loss.identical_group,
    loss.sale_id,
    loss.account_id,
    loss.lot_id,
    loss.piece_lo,
    met.loss_lo,
    met.loss_hi,
    candidate.account_id as replacement_account_id,
    candidate.security_id as replacement_security_id,
    candidate.lot_id as replacement_lot_id,
    met.part_lo as replacement_lo,
    met.part_hi as replacement_hi,
    part(
        loss.loss_microusd, loss.loss_shares, met.loss_lo - loss.loss_from, met.loss_hi - loss.loss_from
    ) as disallowed_microusd,
    met.permanent,
    met.other_owner,
    loss.sale_date,
    loss.long_term,
    $night::date as match_date
from met
join loss_to_meet as loss on loss.loss_id = met.loss_id
join candidate on candidate.part_id = met.part_id
order by loss.sale_id, loss.account_id, loss.lot_id, met.loss_lo
