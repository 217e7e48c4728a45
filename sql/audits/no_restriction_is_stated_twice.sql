-- no_restriction_is_stated_twice: restrictions that apply twice, so that one of them is not seen.
-- Grain:   one row per offending (account_id, kind, on_what, value).
-- Reads:   restriction.
-- Binds:   nothing.
-- Order:   account_id, kind, on_what, value.
select
    account_id,
    kind,
    on_what,
    value,
    count(*) as times
from restriction
group by account_id, kind, on_what, value
having count(*) > 1
order by account_id, kind, on_what, value
