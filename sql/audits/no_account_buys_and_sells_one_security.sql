-- no_account_buys_and_sells_one_security: securities that one account trades both ways tonight.
-- Grain:   one row per offending (account_id, security_id).
-- Reads:   approved_order.
-- Binds:   nothing.
-- Order:   account_id, security_id.
select
    account_id,
    security_id
from approved_order
group by account_id, security_id
having count(distinct side) > 1
order by account_id, security_id
