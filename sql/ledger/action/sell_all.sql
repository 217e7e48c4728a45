-- sell_all: a taxable merger or a delisting for cash sells every open lot at what is paid for its shares.
-- Grain:   one row per account and lot.
-- Reads:   entitled, open_part.
-- Binds:   $share_unit, $action_id, $sequence, $security_id, $ratio_new, $ratio_old, $cash_microusd, $fmv_new_microusd, $night.
-- Order:   none needed.
-- Notes:   26 U.S.C. 1001. The proceeds are cash and the value of new shares; only the cash is cash.
insert into trade by name
with lot as (
    select
        open_part.household_id,
        open_part.account_id,
        open_part.identical_group,
        open_part.lot_id,
        sum(open_part.position_hi - open_part.position_lo)::bigint as micro_shares,
        (max(entitled.new_count_hi) - min(entitled.new_count_lo))::bigint as new_shares
    from entitled
    join open_part on open_part.part_id = entitled.part_id
    group by open_part.household_id, open_part.account_id, open_part.identical_group, open_part.lot_id
)
select
    $action_id as event_id,
    account_id,
    household_id,
    'sell' as kind,
    $night::date as trade_date,
    $security_id as security_id,
    identical_group,
    lot_id,
    micro_shares,
    part($cash_microusd, $share_unit, 0, micro_shares)
    + part(coalesce($fmv_new_microusd, 0), $share_unit, 0, new_shares) as amount_microusd,
    part($cash_microusd, $share_unit, 0, micro_shares) as cash_microusd,
    $sequence - 1000000 as sequence
from lot
