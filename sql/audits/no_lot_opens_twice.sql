-- no_lot_opens_twice: lots with several opening rows.
-- Grain:   one row per offending (account_id, lot_id).
-- Reads:   opening_lot.
-- Binds:   nothing.
-- Order:   account_id, lot_id.
select
    account_id,
    lot_id,
    count(*) as times
from opening_lot
group by account_id, lot_id
having count(*) > 1
order by account_id, lot_id
