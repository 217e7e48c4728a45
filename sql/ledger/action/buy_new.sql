-- buy_new: the new shares of a taxable merger are bought at their value on the day, and can absorb a loss.
-- Grain:   one row per account and lot with new shares.
-- Reads:   entitled.
-- Binds:   $share_unit, $action_id, $sequence, $security_id, $new_security_id, $fmv_new_microusd, $night.
-- Order:   none needed.
insert into trade by name
select
    $action_id as event_id,
    account_id,
    household_id,
    'buy' as kind,
    $night::date as trade_date,
    $new_security_id as security_id,
    new_group as identical_group,
    new_lot_id as lot_id,
    (max(new_count_hi) - min(new_count_lo))::bigint as micro_shares,
    part($fmv_new_microusd, $share_unit, 0, (max(new_count_hi) - min(new_count_lo))::bigint) as amount_microusd,
    0 as cash_microusd,
    $sequence - 1000000 as sequence
from entitled
where $new_security_id <> $security_id
group by household_id, account_id, new_group, new_lot_id
having max(new_count_hi) > min(new_count_lo)
