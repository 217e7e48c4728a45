-- no_absorbed_share_absorbs_again: matches of a day that use shares which had absorbed a loss before it.
-- Grain:   one row per offending match.
-- Reads:   wash_match, before, day_action, corrected.
-- Binds:   $night.
-- Order:   sale_id, account_id, lot_id, loss_lo.
-- Notes:   a lot that an action of the day moves to other positions is not looked at. Corrected pairs are not judged by
--          the lots of the night before, which they replace: the days that are booked again are audited one by one.
select wash_match.sale_id, wash_match.account_id, wash_match.lot_id, wash_match.loss_lo
from wash_match
semi join before.sublot
    on sublot.account_id = wash_match.replacement_account_id
    and sublot.security_id = wash_match.replacement_security_id
    and sublot.lot_id = wash_match.replacement_lot_id
    and sublot.position_lo < wash_match.replacement_hi
    and wash_match.replacement_lo < sublot.position_hi
    and (sublot.absorbed or not sublot.purchase)
anti join day_action on wash_match.replacement_security_id in (day_action.security_id, day_action.new_security_id)
anti join corrected
    on corrected.household_id = wash_match.household_id
    and corrected.security_id = wash_match.replacement_security_id
where wash_match.match_date = $night::date
order by wash_match.sale_id, wash_match.account_id, wash_match.lot_id, wash_match.loss_lo
