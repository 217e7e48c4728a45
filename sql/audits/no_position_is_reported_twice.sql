-- no_position_is_reported_twice: positions of the custodian with several rows.
-- Grain:   one row per offending (account_id, security_id).
-- Reads:   position.
-- Binds:   nothing.
-- Order:   account_id, security_id.
select
    account_id,
    security_id,
    count(*) as times
from position
group by account_id, security_id
having count(*) > 1
order by account_id, security_id
