-- no_return_is_counted_twice: returns with several values on one session.
-- Grain:   one row per offending (session, security_id).
-- Reads:   session_return.
-- Binds:   nothing.
-- Order:   session, security_id.
select
    session,
    security_id,
    count(*) as times
from session_return
group by session, security_id
having count(*) > 1
order by session, security_id
