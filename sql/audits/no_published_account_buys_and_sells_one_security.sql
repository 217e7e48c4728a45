-- no_published_account_buys_and_sells_one_security: securities that one account trades both ways, or one lot twice.
-- Grain:   one row per offending (account_id, security_id, side, lot_id).
-- Reads:   allocation, traded.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
select account_id, security_id, min(side) as side, null as lot_id
from traded
group by account_id, security_id
having count(*) > 1
union all
select account_id, security_id, side, lot_id
from allocation
group by account_id, security_id, side, lot_id
having count(*) > 1
order by account_id, security_id, side, lot_id
