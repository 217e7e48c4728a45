-- losses_near_arrivals: open losses within 30 days of the day on which arriving lots were bought outside the book.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss, trade.
-- Binds:   $turn, $acquired, $older_lot.
-- Order:   none needed; meeting orders them.
-- Notes:   the taxpayer bought them, wherever that was (26 U.S.C. 1091(a)); they were held through the loss.
create or replace temp table loss_to_meet as
select exposed_loss.*
from exposed_loss
semi join trade
    on trade.household_id = exposed_loss.household_id
    and trade.identical_group = exposed_loss.identical_group
    and trade.turn = $turn
    and trade.kind = 'transfer_in'
    and trade.other_account_id is null
    and trade.acquired_date = $acquired::date
where
    abs($acquired::date - exposed_loss.sale_date) <= 30
    and exposed_loss.turn >= 0
    and ($older_lot = 'absorbs' or $acquired::date >= exposed_loss.acquired_date)
