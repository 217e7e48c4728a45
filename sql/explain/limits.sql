-- limits: the limits that bind in one account, and those that conflict.
-- Grain:   one row per (what, limit_name).
-- Reads:   proposals.
-- Binds:   $account_id.
-- Order:   what, falling amount, limit_name.
select 'binds' as what, limit_name, usd_per_unit as amount
from proposals.shadow_price
where account_id = $account_id
union all
select 'conflicts' as what, limit_name, needed as amount
from proposals.conflict
where account_id = $account_id
order by what, amount desc, limit_name
