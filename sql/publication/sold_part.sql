-- sold_part: the parts of one shard's lots that the published sales take.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo).
-- Reads:   sold_lot, account_fact, policies, prices; lots of the shard.
-- Binds:   $shard, $trade_date, $loss_margin (a fraction of basis).
-- Order:   none needed; sums of integers.
insert into sold_part
with sold as (
    from sold_lot semi join (from account_fact where shard = $shard) as here on here.account_id = sold_lot.account_id
),
open_part as (
    select
        sublot.account_id,
        sublot.household_id,
        sublot.security_id,
        sublot.lot_id,
        sublot.position_lo,
        sublot.holding_start_date,
        sublot.acquired_date,
        sublot.bought_as,
        sold.micro_shares as sold_micro,
        position_hi - position_lo as size,
        sum(position_hi - position_lo) over lot as lot_micro,
        sum(position_hi - position_lo) over (lot order by position_lo) - (position_hi - position_lo) as before,
        part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as whole_basis
    from lots.sublot
    join sold
        on sold.account_id = sublot.account_id
        and sold.security_id = sublot.security_id
        and sold.lot_id = sublot.lot_id
    window lot as (partition by sublot.account_id, sublot.security_id, sublot.lot_id)
)
select
    open_part.account_id,
    open_part.household_id,
    open_part.security_id,
    coalesce(security.identical_group_next, open_part.security_id),
    open_part.lot_id,
    open_part.position_lo,
    least(sold_micro - before, size)::bigint as taken,
    part(whole_basis, size, 0, taken),
    lot_micro::bigint,
    $trade_date::date >= long_from(holding_start_date),
    account.registration in ('taxable', 'trust')
    and size::hugeint * price.close_microusd // 1000000 < whole_basis + floor(whole_basis * $loss_margin::double)::bigint,
    date_diff('day', acquired_date, $trade_date::date),
    coalesce(bought_as, purchase_name(open_part.account_id, open_part.security_id, lot_id, acquired_date))
from open_part
join policies.account on account.account_id = open_part.account_id
join prices.price on price.security_id = open_part.security_id
left join policies.security on security.security_id = open_part.security_id
where sold_micro > before
