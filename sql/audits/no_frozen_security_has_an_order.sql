-- no_frozen_security_has_an_order: allocations or block orders in a security that a switch stops.
-- Grain:   one row per offending (security_id, ruling_id).
-- Reads:   allocation, published_order, switch.
-- Binds:   nothing.
-- Order:   security_id, ruling_id.
select distinct traded.security_id, switch.ruling_id
from (
    select security_id from allocation
    union all
    select security_id from published_order
) as traded
join switch on switch.scope = 'security' and switch.target = traded.security_id
order by traded.security_id, switch.ruling_id
