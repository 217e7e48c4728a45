-- take_shares: the parts that leave their lots, in the order of share positions.
-- Grain:   one row per (event_id, part_id).
-- Reads:   trade, open_part.
-- Binds:   $turn, $kind ('transfer_out' or 'sell').
-- Order:   none needed.
create or replace temp table taken as
with leaving as (
    select
        event_id,
        account_id,
        security_id,
        lot_id,
        micro_shares,
        sum(micro_shares) over (
            partition by account_id, security_id, lot_id order by sequence, event_id rows unbounded preceding
        )::bigint as count_hi
    from trade
    where turn = $turn and kind = $kind
),
parts as (
    select
        part_id,
        account_id,
        security_id,
        lot_id,
        position_lo,
        position_hi,
        sum(position_hi - position_lo) over (
            partition by account_id, security_id, lot_id order by position_lo rows unbounded preceding
        )::bigint as count_hi
    from open_part
    semi join leaving using (account_id, security_id, lot_id)
),
counted as (
    select
        leaving.event_id,
        parts.part_id,
        leaving.count_hi - leaving.micro_shares as sale_lo,
        parts.position_hi - parts.count_hi as part_offset,
        greatest(
            leaving.count_hi - leaving.micro_shares, parts.count_hi - (parts.position_hi - parts.position_lo)
        ) as lo,
        least(leaving.count_hi, parts.count_hi) as hi
    from leaving
    join parts using (account_id, security_id, lot_id)
    where
        leaving.count_hi - leaving.micro_shares < parts.count_hi
        and parts.count_hi - (parts.position_hi - parts.position_lo) < leaving.count_hi
)
select
    open_part.* exclude (position_lo, position_hi),
    counted.event_id,
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
join trade
    on trade.event_id = counted.event_id and trade.account_id = open_part.account_id
    and trade.security_id = open_part.security_id and trade.lot_id = open_part.lot_id and trade.kind = $kind
