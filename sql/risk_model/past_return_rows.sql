-- past_return_rows: the returns that the session before kept.
-- Grain:   one row per (session, security_id).
-- Reads:   before.session_return.
-- Binds:   nothing.
-- Order:   session, security_id.
insert into past_return
from before.session_return
order by session, security_id
