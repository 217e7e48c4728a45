-- explain_by_trades: differences of exactly one trade, or all of one side: booked tonight, or ordered and not booked.
-- Grain:   one row per (account_id, security_id, rank, explanation).
-- Reads:   position_difference, ordered, lots.
-- Binds:   $shares_tolerance_micro.
-- Order:   none needed.
-- Note:    what the book booked and the custodian does not show makes the custodian's number smaller by a purchase and
--          larger by a sale; what the custodian did and no activity told of, the other way round.
insert into explanation
with booked as (
    select account_id, security_id, event_id, micro_shares > 0 as is_buy, abs(micro_shares) as micro_shares
    from (
        select account_id, security_id, event_id, sum(micro_shares) as micro_shares
        from lots.event
        semi join position_difference using (account_id, security_id)
        where kind in ('buy', 'sell', 'reinvest')
        group by account_id, security_id, event_id
    ) as events
),
of_side as (
    select account_id, security_id, is_buy, sum(micro_shares) as micro_shares, count(*) as events
    from booked
    group by account_id, security_id, is_buy
),
candidate as (
    select
        account_id,
        security_id,
        is_buy,
        micro_shares,
        'custodian' as missing_at,
        1 as rank,
        'booked tonight by ' || event_id || ', which the custodian does not show' as explanation
    from booked
    union all
    select
        account_id,
        security_id,
        is_buy,
        micro_shares,
        'custodian' as missing_at,
        2 as rank,
        'booked tonight by ' || events || ' events, which the custodian does not show' as explanation
    from of_side
    where events > 1
    union all
    select
        ordered.account_id,
        ordered.security_id,
        ordered.side = 'buy' as is_buy,
        ordered.micro_shares - coalesce(of_side.micro_shares, 0) as micro_shares,
        'book' as missing_at,
        3 as rank,
        'ordered the session before, and no activity tells of it' as explanation
    from ordered
    left join of_side
        on of_side.account_id = ordered.account_id
        and of_side.security_id = ordered.security_id
        and of_side.is_buy = (ordered.side = 'buy')
)
select
    candidate.account_id,
    candidate.security_id,
    candidate.rank,
    case when candidate.is_buy then 'missing_buy' else 'missing_sell' end as kind,
    candidate.missing_at,
    candidate.explanation
from candidate
join position_difference
    on position_difference.account_id = candidate.account_id
    and position_difference.security_id = candidate.security_id
where
    candidate.micro_shares > 0
    and abs(
        position_difference.difference_micro
        - case when candidate.is_buy = (candidate.missing_at = 'custodian') then -1 else 1 end * candidate.micro_shares
    ) <= $shares_tolerance_micro
