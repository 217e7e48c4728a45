-- session_close_rows: the believed closes of one session.
-- Grain:   one row per security_id.
-- Reads:   prices.price.
-- Binds:   $session.
-- Order:   security_id.
insert into session_close
select
    $session::date as session,
    security_id,
    close_microusd
from prices.price
where trusted
order by security_id
