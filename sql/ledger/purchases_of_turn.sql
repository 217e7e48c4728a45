-- purchases_of_turn: the parts bought this turn, which meet the losses sold before them.
-- Grain:   one row per part_id.
-- Reads:   open_part, trade, loss_to_meet.
-- Binds:   $night, $turn.
-- Order:   none needed; meeting orders them.
-- Notes:   only in groups with a loss to meet; others would meet none.
create or replace temp table candidate as
with exposed_group as (select distinct household_id, identical_group from loss_to_meet)
select open_part.*
from open_part
semi join exposed_group
    on exposed_group.household_id = open_part.household_id
    and exposed_group.identical_group = open_part.identical_group
semi join trade
    on trade.account_id = open_part.account_id
    and trade.security_id = open_part.security_id
    and trade.lot_id = open_part.lot_id
    and trade.turn = $turn
    and trade.kind in ('buy', 'reinvest', 'transfer_in')
where open_part.purchase and not open_part.absorbed and open_part.acquired_date = $night::date
