-- divide_basis: how each part's basis divides between the old shares and those spun off, by fair market value.
-- Grain:   one row per part_id of the action's security.
-- Reads:   entitled.
-- Binds:   $ratio_new, $ratio_old, $fmv_old_microusd, $fmv_new_microusd.
-- Order:   none needed.
-- Notes:   26 U.S.C. 358(b)-(c): lot by lot, new value over the value of both. No shares, no basis.
create or replace temp table divided as
select
    *,
    case
        when new_count_lo = new_count_hi then 0
        else (
            basis_microusd::hugeint * $fmv_new_microusd * $ratio_new
            // ($fmv_old_microusd::hugeint * $ratio_old + $fmv_new_microusd::hugeint * $ratio_new)
        )::bigint
    end as new_basis_microusd
from entitled
