-- position_difference: names of which the book and the custodian hold different numbers of shares, beyond the tolerance.
-- Grain:   one row per (account_id, security_id).
-- Reads:   lots, shards, positions.
-- Binds:   $shard, $shares_tolerance_micro.
-- Order:   account_id, security_id.
create or replace temp table position_difference as
with booked as (
    select account_id, security_id, sum(position_hi - position_lo)::bigint as micro_shares
    from lots.sublot
    group by account_id, security_id
),
reported as (
    select position.*
    from positions.position
    join shards.account_shard on account_shard.account_id = position.account_id and account_shard.shard = $shard
)
select
    coalesce(booked.account_id, reported.account_id) as account_id,
    coalesce(booked.security_id, reported.security_id) as security_id,
    coalesce(booked.micro_shares, 0) as book_micro,
    coalesce(reported.micro_shares, 0) as custodian_micro,
    custodian_micro - book_micro as difference_micro
from booked
full join reported on reported.account_id = booked.account_id and reported.security_id = booked.security_id
where abs(coalesce(reported.micro_shares, 0) - coalesce(booked.micro_shares, 0)) > $shares_tolerance_micro
order by account_id, security_id
