-- every_lot_is_compared_once: lots of either side that are in no pairing, or in several; nothing is lost.
-- Grain:   one row per offending (side, account_id, security_id, lot_id).
-- Reads:   lot_part, compared_lot.
-- Binds:   nothing.
-- Order:   side, account_id, security_id, lot_id.
with lot as (select distinct side, account_id, security_id, lot_id from lot_part)
select lot.side, lot.account_id, lot.security_id, lot.lot_id, count(compared_lot.pairing) as pairings
from lot
left join compared_lot
    on compared_lot.side = lot.side and compared_lot.account_id = lot.account_id
    and compared_lot.security_id = lot.security_id and compared_lot.lot_id = lot.lot_id
group by lot.side, lot.account_id, lot.security_id, lot.lot_id
having count(compared_lot.pairing) <> 1
order by lot.side, lot.account_id, lot.security_id, lot.lot_id
