-- return_capital: cash per share that first consumes the basis of each part; the excess is gain.
-- Grain:   one row per part_id.
-- Reads:   open_part.
-- Binds:   $share_unit, $security_id, $cash_microusd.
-- Order:   none needed.
-- Notes:   26 U.S.C. 301(c)(2)-(3).
create or replace temp table paid as
with shared as (
    select
        part_id,
        part($cash_microusd, $share_unit, position_lo, position_hi) as proceeds_microusd,
        part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as basis_microusd
    from open_part
    where security_id = $security_id
)
select part_id, proceeds_microusd, basis_microusd, least(proceeds_microusd, basis_microusd) as used_microusd
from shared
