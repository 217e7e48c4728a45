-- suspicion_before_rows: the suspicions of the session before.
-- Grain:   one row per security_id.
-- Reads:   before.open_suspicion.
-- Binds:   nothing.
-- Order:   security_id.
insert into suspicion_before
from before.open_suspicion
order by security_id
