-- pay_boot: cash beside the shares of a merger; gain is recognised up to the cash, a loss never.
-- Grain:   one row per part_id.
-- Reads:   entitled.
-- Binds:   $share_unit, $cash_microusd, $fmv_new_microusd.
-- Order:   none needed.
-- Notes:   26 U.S.C. 356(a), (c), block by block (Rev. Rul. 68-23). What the cash consumes of the basis is the cash
--          less the gain, so that basis after = basis - cash + gain.
create or replace temp table paid as
with shared as (
    select
        part_id,
        basis_microusd,
        part($cash_microusd, $share_unit, position_lo, position_hi) as proceeds_microusd,
        part($fmv_new_microusd, $share_unit, new_count_lo, new_count_hi) as value_microusd
    from entitled
)
select
    part_id,
    proceeds_microusd,
    basis_microusd,
    proceeds_microusd
    - least(proceeds_microusd, greatest(value_microusd + proceeds_microusd - basis_microusd, 0)) as used_microusd
from shared
