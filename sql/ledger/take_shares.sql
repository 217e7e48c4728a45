-- take_shares: the parts that leave their lots, in the order of share positions.
-- Grain:   one row per (event_id, part_id).
-- Reads:   trade, open_part.
-- Binds:   $turn, $kind ('transfer_out' or 'sell').
-- Order:   none needed.
-- Notes:   a lot is known by the first of the trades that take from it: lots are looked up by their names once, and
--          counted by a number.
create or replace temp table taken as
with leaving as (
    select
        rowid as trade_row,
        account_id,
        security_id,
        lot_id,
        micro_shares,
        sum(micro_shares) over in_order::bigint as count_hi,
        first_value(rowid) over in_order as lot_number
    from trade
    where turn = $turn and kind = $kind
    window in_order as (
        partition by account_id, security_id, lot_id order by sequence, event_id rows unbounded preceding
    )
),
parts as (
    select
        open_part.part_id,
        leaving.lot_number,
        open_part.position_lo,
        open_part.position_hi,
        sum(open_part.position_hi - open_part.position_lo) over (
            partition by leaving.lot_number order by open_part.position_lo rows unbounded preceding
        )::bigint as count_hi
    from open_part
    join leaving
        on leaving.account_id = open_part.account_id
        and leaving.security_id = open_part.security_id
        and leaving.lot_id = open_part.lot_id
    where leaving.trade_row = leaving.lot_number
),
counted as (
    select
        leaving.trade_row,
        parts.part_id,
        leaving.count_hi - leaving.micro_shares as sale_lo,
        parts.position_hi - parts.count_hi as part_offset,
        greatest(
            leaving.count_hi - leaving.micro_shares, parts.count_hi - (parts.position_hi - parts.position_lo)
        ) as lo,
        least(leaving.count_hi, parts.count_hi) as hi
    from leaving
    join parts on parts.lot_number = leaving.lot_number
    where
        leaving.count_hi - leaving.micro_shares < parts.count_hi
        and parts.count_hi - (parts.position_hi - parts.position_lo) < leaving.count_hi
)
select
    open_part.* exclude (position_lo, position_hi),
    trade.event_id,
    trade.other_account_id,
    trade.sequence,
    counted.lo + counted.part_offset as position_lo,
    counted.hi + counted.part_offset as position_hi,
    part(
        trade.amount_microusd, trade.micro_shares, counted.lo - counted.sale_lo, counted.hi - counted.sale_lo
    ) as proceeds_microusd,
    part(
        open_part.part_basis_microusd,
        open_part.part_shares,
        counted.lo + counted.part_offset - open_part.part_from,
        counted.hi + counted.part_offset - open_part.part_from
    ) as basis_microusd
from counted
join open_part on open_part.part_id = counted.part_id
join trade on trade.rowid = counted.trade_row
