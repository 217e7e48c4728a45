-- no_match_exceeds_its_loss: losses of which a day's matches and what stays exposed are more than there was.
-- Grain:   one row per offending (sale_id, account_id, lot_id, piece_lo).
-- Reads:   wash_match, open_loss, disposal_piece, before, corrected.
-- Binds:   $night.
-- Order:   sale_id, account_id, lot_id, piece_lo.
-- Notes:   corrected pairs are not judged by the losses of the night before, which they replace: the days that are
--          booked again are audited one by one.
with loss as (
    select
        sale_id,
        account_id,
        lot_id,
        piece_lo,
        part(loss_microusd, loss_shares, position_lo - loss_from, position_hi - loss_from) as loss_microusd
    from before.open_loss
    union all
    select sale_id, account_id, lot_id, position_lo as piece_lo, basis_microusd - proceeds_microusd as loss_microusd
    from disposal_piece
    where
        taxable and basis_microusd > proceeds_microusd and position_lo < position_hi and sale_date = $night::date
),
used as (
    select sale_id, account_id, lot_id, piece_lo, disallowed_microusd as microusd
    from wash_match
    anti join corrected
        on corrected.household_id = wash_match.household_id
        and corrected.security_id = wash_match.replacement_security_id
    where match_date = $night::date
    union all
    select
        sale_id,
        account_id,
        lot_id,
        piece_lo,
        part(loss_microusd, loss_shares, position_lo - loss_from, position_hi - loss_from) as microusd
    from open_loss
    anti join corrected
        on corrected.household_id = open_loss.household_id and corrected.security_id = open_loss.security_id
),
all_used as (
    select sale_id, account_id, lot_id, piece_lo, sum(microusd)::bigint as used_microusd
    from used
    group by sale_id, account_id, lot_id, piece_lo
)
select all_used.*, loss.loss_microusd
from all_used
left join loss
    on loss.sale_id = all_used.sale_id and loss.account_id = all_used.account_id
    and loss.lot_id = all_used.lot_id and loss.piece_lo = all_used.piece_lo
where all_used.used_microusd > coalesce(loss.loss_microusd, 0)
order by all_used.sale_id, all_used.account_id, all_used.lot_id, all_used.piece_lo
