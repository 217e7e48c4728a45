-- realized: every piece sold so far in a taxable account, with the losses disallowed since.
-- Grain:   one row per piece.
-- Reads:   disposal_piece, wash_match.
-- Binds:   nothing.
-- Order:   sale_id, account_id, security_id, lot_id, position_lo.
-- Notes:   cash on shares that stay is listed where it makes a gain.
with disallowed as (
    select
        sale_id,
        account_id,
        lot_id,
        piece_lo,
        sum(disallowed_microusd)::bigint as disallowed_microusd,
        coalesce(sum(disallowed_microusd) filter (where permanent), 0)::bigint as permanent_microusd
    from wash_match
    group by sale_id, account_id, lot_id, piece_lo
)
select
    piece.sale_id,
    piece.lot_id,
    piece.holding_start_date,
    piece.position_hi - piece.position_lo as micro_shares,
    piece.proceeds_microusd,
    piece.basis_microusd,
    coalesce(disallowed.disallowed_microusd, 0) as disallowed_microusd,
    coalesce(disallowed.permanent_microusd, 0) as permanent_microusd,
    piece.long_term
from disposal_piece as piece
left join disallowed
    on disallowed.sale_id = piece.sale_id and disallowed.account_id = piece.account_id
    and disallowed.lot_id = piece.lot_id and disallowed.piece_lo = piece.position_lo
    and piece.position_lo < piece.position_hi
where piece.taxable and (piece.position_lo < piece.position_hi or piece.proceeds_microusd > piece.basis_microusd)
order by piece.sale_id, piece.account_id, piece.security_id, piece.lot_id, piece.position_lo
