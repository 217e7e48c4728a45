-- restriction: the restrictions in force on the session that tonight's orders trade in.
-- Grain:   one row per (account_id, kind, on_what, value).
-- Reads:   stated_restriction.
-- Binds:   $trade_date (date).
-- Order:   account_id, kind, on_what, value.
insert into restriction
select
    account_id,
    kind,
    on_what,
    value,
    weight_max,
    coalesce(reason, '') as reason
from stated_restriction
where coalesce(from_date, $trade_date) <= $trade_date
    and coalesce(to_date, $trade_date) >= $trade_date
order by account_id, kind, on_what, value
