-- compared_holding: every holding of the shard as the book and as the custodian has it; summed up once for all who ask.
-- Grain:   one row per (account_id, security_id) that either has.
-- Reads:   lots, positions, shards.
-- Binds:   $shard.
-- Order:   none needed.
-- Notes:   of this shard only: the custodian's positions are those of the whole book.
create or replace temp table compared_holding as
with booked as (
    select account_id, security_id, sum(position_hi - position_lo)::bigint as micro_shares
    from lots.sublot
    group by account_id, security_id
),
reported as (
    select position.account_id, position.security_id, position.micro_shares
    from positions.position
    semi join (from shards.account_shard where shard = $shard) as own on own.account_id = position.account_id
)
select
    coalesce(booked.account_id, reported.account_id) as account_id,
    coalesce(booked.security_id, reported.security_id) as security_id,
    coalesce(booked.micro_shares, 0) as book_micro,
    coalesce(reported.micro_shares, 0) as custodian_micro
from booked
full join reported on reported.account_id = booked.account_id and reported.security_id = booked.security_id
