-- compared_lot: which lots of either side are compared with which: those of one pairing.
-- Grain:   one row per (side, account_id, security_id, lot_id).
-- Reads:   lot_part.
-- Binds:   nothing.
-- Order:   none needed; every choice among lots is by a total order.
-- Notes:   lots of one name are a pair. Of the others, within account, security and acquired date: lots of the same
--          shares are pairs, in order of basis and name; what is then left on both sides is compared together; what is
--          left on one side only stands alone.
create or replace temp table compared_lot as
with lot as (
    select
        side,
        account_id,
        security_id,
        lot_id,
        min(acquired_date) as acquired_date,
        sum(micro_shares)::bigint as micro_shares,
        sum(basis_microusd)::bigint as basis_microusd
    from lot_part
    group by side, account_id, security_id, lot_id
),
known as (
    select *, count(*) over (partition by account_id, security_id, lot_id) = 2 as by_name
    from lot
),
numbered as (
    select
        *,
        row_number() over (
            partition by side, account_id, security_id, acquired_date, micro_shares, by_name order by basis_microusd, lot_id
        ) as place
    from known
),
twinned as (
    select
        *,
        not by_name and count(*) over (
            partition by account_id, security_id, acquired_date, micro_shares, place, by_name
        ) = 2 as by_shares
    from numbered
),
pooled as (
    select
        *,
        not by_name and not by_shares and min(side) over (
            partition by account_id, security_id, acquired_date, by_name, by_shares
        ) <> max(side) over (
            partition by account_id, security_id, acquired_date, by_name, by_shares
        ) as by_date
    from twinned
)
select
    side,
    account_id,
    security_id,
    lot_id,
    case
        when by_shares then 'shares ' || acquired_date || ' ' || micro_shares || ' ' || place
        when by_date then 'date ' || acquired_date
        else 'lot ' || lot_id
    end as pairing
from pooled
