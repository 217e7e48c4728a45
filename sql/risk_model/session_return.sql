-- session_return: past returns and tonight's, of the last sessions only.
-- Grain:   one row per (session, security_id).
-- Reads:   past_return, prices.price.
-- Binds:   $night (date), $sessions_max (integer).
-- Order:   session, security_id.
insert into session_return
with every_return as (
    from past_return
    union all by name
    select
        $night as session,
        security_id,
        total_return
    from prices.price
    where total_return is not null
)
select
    session,
    security_id,
    total_return
from every_return
qualify dense_rank() over (order by session desc) <= $sessions_max
order by session, security_id
