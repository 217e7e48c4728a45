-- recon_break: positions and cash in which the book and the custodian differ by more than the tolerance.
-- Grain:   one row per (account_id, kind, security_id).
-- Reads:   lots, shards, positions.
-- Binds:   $shard, $shares_tolerance_micro, $cash_tolerance_microusd.
-- Order:   total, by account_id, kind, security_id.
insert into recon_break
with booked as (
    select account_id, security_id, sum(position_hi - position_lo)::bigint as micro_shares
    from lots.sublot
    group by account_id, security_id
),
reported as (
    select position.*
    from positions.position
    join shards.account_shard on account_shard.account_id = position.account_id and account_shard.shard = $shard
),
compared as (
    select
        coalesce(booked.account_id, reported.account_id) as account_id,
        coalesce(booked.security_id, reported.security_id) as security_id,
        coalesce(booked.micro_shares, 0) as book_micro,
        coalesce(reported.micro_shares, 0) as custodian_micro
    from booked
    full join reported on reported.account_id = booked.account_id and reported.security_id = booked.security_id
),
cash_compared as (
    select
        account_shard.account_id,
        coalesce(cash.cash_microusd, 0) as book_micro,
        coalesce(custodian_cash.cash_microusd, 0) as custodian_micro
    from shards.account_shard
    left join lots.cash on cash.account_id = account_shard.account_id
    left join positions.custodian_cash on custodian_cash.account_id = account_shard.account_id
    where account_shard.shard = $shard
)
select
    account_id,
    case
        when book_micro = 0 then 'missing_in_book'
        when custodian_micro = 0 then 'missing_at_custodian'
        else 'quantity'
    end as kind,
    security_id,
    book_micro,
    custodian_micro
from compared
where abs(book_micro - custodian_micro) > $shares_tolerance_micro
union all
select account_id, 'cash' as kind, null as security_id, book_micro, custodian_micro
from cash_compared
where abs(book_micro - custodian_micro) > $cash_tolerance_microusd
order by account_id, kind, security_id
