-- traded: what the published allocations of an account add up to, by name and side.
-- Grain:   one row per (account_id, security_id, side).
-- Reads:   allocation.
-- Binds:   nothing.
create or replace temp table traded as
select
    account_id,
    security_id,
    side,
    sum(micro_shares) as micro_shares,
    sum(estimated_microusd) as estimated_microusd
from allocation
group by account_id, security_id, side
