-- name_first_lots: sales without a lot become sales of the account's oldest lots (26 CFR 1.1012-1(c)).
-- Grain:   one row per (event_id, account_id, lot_id).
-- Reads:   trade, open_part.
-- Binds:   $turn.
-- Order:   none needed.
-- Notes:   shares that the day's other sales name are spoken for.
insert into trade by name
with free_lot as (
    select
        open_part.account_id,
        open_part.security_id,
        open_part.lot_id,
        min(open_part.acquired_date) as acquired_date,
        min(open_part.purchase_order) as purchase_order,
        sum(open_part.position_hi - open_part.position_lo)::bigint - coalesce((
            select sum(named.micro_shares)
            from trade as named
            where
                named.turn = $turn and named.kind = 'sell' and named.account_id = open_part.account_id
                and named.security_id = open_part.security_id and named.lot_id = open_part.lot_id
        ), 0)::bigint as micro_shares
    from open_part
    semi join trade
        on trade.account_id = open_part.account_id and trade.security_id = open_part.security_id
        and trade.turn = $turn and trade.kind = 'sell' and trade.lot_id is null
    group by open_part.account_id, open_part.security_id, open_part.lot_id
),
counted_lot as (
    select
        *,
        sum(micro_shares) over (
            partition by account_id, security_id
            order by acquired_date, purchase_order, lot_id
            rows unbounded preceding
        )::bigint as count_hi
    from free_lot
    where micro_shares > 0
),
counted_sale as (
    select
        *,
        sum(micro_shares) over (
            partition by account_id, security_id order by sequence, event_id rows unbounded preceding
        )::bigint as count_hi
    from trade
    where turn = $turn and kind = 'sell' and lot_id is null
),
named as (
    select
        counted_sale.* exclude (lot_id, count_hi),
        counted_lot.lot_id,
        counted_sale.count_hi - counted_sale.micro_shares as sale_lo,
        greatest(
            counted_sale.count_hi - counted_sale.micro_shares, counted_lot.count_hi - counted_lot.micro_shares
        ) as lo,
        least(counted_sale.count_hi, counted_lot.count_hi) as hi
    from counted_sale
    join counted_lot
        on counted_lot.account_id = counted_sale.account_id and counted_lot.security_id = counted_sale.security_id
    where
        counted_sale.count_hi - counted_sale.micro_shares < counted_lot.count_hi
        and counted_lot.count_hi - counted_lot.micro_shares < counted_sale.count_hi
)
select
    named.* exclude (micro_shares, amount_microusd, cash_microusd, sale_lo, lo, hi),
    hi - lo as micro_shares,
    part(amount_microusd, micro_shares, lo - sale_lo, hi - sale_lo) as amount_microusd,
    part(cash_microusd, micro_shares, lo - sale_lo, hi - sale_lo) as cash_microusd
from named
