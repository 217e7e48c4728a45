-- every_published_row_is_what_its_shard_approved: rows of the files that no reconciliation let out, or that are missing.
-- Grain:   one row per offending (account_id, security_id, side, lot_id); an outcome has no security.
-- Reads:   allocation, approved, account_outcome, answered_outcome, stopped.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
-- A shard without an answer is held at the deadline, and in no other way. Of its answer an account may only be held
-- that a ruling has stopped since.
with held_since as (
    select account_id
    from account_outcome
    join stopped using (account_id)
    where status in ('HELD_FROZEN', 'HELD_BREAK') and realized_gain_microusd = 0 and harvested_loss_microusd = 0 and orders = 0
),
published as (
    select account_id, security_id, side, lot_id, micro_shares, price_microusd, estimated_microusd, gain_microusd, term, reason
    from allocation
),
let_out as (
    select account_id, security_id, side, lot_id, micro_shares, price_microusd, estimated_microusd, gain_microusd, term, reason
    from approved
    where account_id not in (select account_id from held_since)
),
told as (
    select
        account_id, household_id, shard, status, reasons, harvested_loss_microusd, realized_gain_microusd,
        cash_before_microusd, cash_after_microusd, orders
    from account_outcome
    where account_id not in (select account_id from held_since)
),
answered as (
    select
        account_id, household_id, shard, status, reasons, harvested_loss_microusd, realized_gain_microusd,
        cash_before_microusd, cash_after_microusd, orders
    from answered_outcome
    where account_id not in (select account_id from held_since)
)
select 'not approved' as fault, account_id, security_id, side, lot_id from (from published except all from let_out)
union all
select 'not published', account_id, security_id, side, lot_id from (from let_out except all from published)
union all
select 'another outcome', account_id, null, null, null
from (from told except all from answered)
where status <> 'HELD_DEADLINE' or shard in (select shard from answered)
union all
select 'outcome not published', account_id, null, null, null from (from answered except all from told)
order by account_id, security_id, side, lot_id, fault
