-- no_sublots_overlap: two parts of one lot that hold the same shares.
-- Grain:   one row per part that begins before the one before it ends.
-- Reads:   open_part.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id, position_lo.
-- Notes:   the parts that tonight could change; the others were judged on the night that wrote them.
with divided as (
    select account_id, security_id, lot_id from open_part group by account_id, security_id, lot_id having count(*) > 1
)
select account_id, security_id, lot_id, position_lo
from open_part
semi join divided using (account_id, security_id, lot_id)
qualify position_lo < lag(position_hi) over (partition by account_id, security_id, lot_id order by position_lo)
order by account_id, security_id, lot_id, position_lo
