-- every_published_row_is_what_its_shard_approved: rows of the files that no reconciliation let out, or that are missing.
-- Grain:   one row per offending (account_id, security_id, side, lot_id, fault); an outcome has no security.
-- Reads:   allocation, approved, account_outcome, answered_outcome, stopped.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id, fault.
-- A shard without an answer is held at the deadline, and in no other way. Of its answer an account may only be held
-- that a ruling has stopped since.
with held_since as (
    select account_id
    from account_outcome
    join stopped using (account_id)
    where status in ('HELD_FROZEN', 'HELD_BREAK') and realized_gain_microusd = 0 and harvested_loss_microusd = 0 and orders = 0
),
allocated as (
    select
        account_id, security_id, side, lot_id, micro_shares, price_microusd, estimated_microusd, gain_microusd, term, reason,
        sum(times) as times
    from (
        select *, 1 as times from allocation
        union all by name
        select *, -1 as times from approved where account_id not in (select account_id from held_since)
    ) as both_sides
    group by all
    having sum(times) <> 0
),
told as (
    select
        account_id, household_id, shard, status, reasons, harvested_loss_microusd, realized_gain_microusd,
        cash_before_microusd, cash_after_microusd, orders,
        sum(times) as times
    from (
        select *, 1 as times from account_outcome
        union all by name
        select *, -1 as times from answered_outcome
    ) as both_sides
    where account_id not in (select account_id from held_since)
    group by all
    having sum(times) <> 0
)
select
    case when times > 0 then 'not approved' else 'not published' end as fault,
    account_id,
    security_id,
    side,
    lot_id
from allocated
union all
select case when times > 0 then 'another outcome' else 'outcome not published' end, account_id, null, null, null
from told
where not (times > 0 and status = 'HELD_DEADLINE' and shard not in (select shard from answered_outcome))
order by account_id, security_id, side, lot_id, fault
