-- no_share_absorbs_twice: replacement shares that two matches of one day both use.
-- Grain:   one row per second use.
-- Reads:   wash_match.
-- Binds:   $night.
-- Order:   replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo.
-- Notes:   shares that had absorbed before the day are the matter of no_absorbed_share_absorbs_again. Days that are
--          booked again are audited one by one, each with the lots before it.
select replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo, replacement_hi
from wash_match
where match_date = $night::date
qualify
    replacement_lo < lag(replacement_hi) over (
        partition by replacement_account_id, replacement_security_id, replacement_lot_id order by replacement_lo
    )
order by replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo
