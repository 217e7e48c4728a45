-- no_share_absorbs_twice: replacement shares that two matches of the night both use, or that had absorbed before.
-- Grain:   one row per second use.
-- Reads:   wash_match.
-- Binds:   nothing.
-- Order:   replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo.
select replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo, replacement_hi
from wash_match
qualify
    replacement_lo < lag(replacement_hi) over (
        partition by replacement_account_id, replacement_security_id, replacement_lot_id order by replacement_lo
    )
order by replacement_account_id, replacement_security_id, replacement_lot_id, replacement_lo
