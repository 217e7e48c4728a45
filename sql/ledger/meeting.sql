-- meeting: losses meet replacements share for share, the first loss with the first purchase.
-- Grain:   one row per (loss_id, part_id).
-- Reads:   loss_to_meet, candidate, ledger_account.
-- Binds:   $spouse_basis.
-- Order:   none needed; the cumulative share counts fix who meets whom (26 CFR 1.1091-1(b)-(d)).
create or replace temp table met as
with losses as (
    select
        *,
        sum(position_hi - position_lo) over (
            partition by household_id, identical_group
            order by sale_date, sale_order, acquired_date, purchase_order, sale_id, account_id, lot_id, position_lo
            rows unbounded preceding
        )::bigint as count_hi
    from loss_to_meet
),
candidates as (
    select
        *,
        sum(position_hi - position_lo) over (
            partition by household_id, identical_group
            order by acquired_date, purchase_order, account_id, security_id, lot_id, position_lo
            rows unbounded preceding
        )::bigint as count_hi
    from candidate
),
counted as (
    select
        losses.loss_id,
        candidates.part_id,
        losses.account_id as seller_id,
        candidates.account_id as buyer_id,
        candidates.no_basis,
        losses.position_hi - losses.count_hi as loss_offset,
        candidates.position_hi - candidates.count_hi as part_offset,
        greatest(
            losses.count_hi - (losses.position_hi - losses.position_lo),
            candidates.count_hi - (candidates.position_hi - candidates.position_lo)
        ) as lo,
        least(losses.count_hi, candidates.count_hi) as hi
    from losses
    join candidates
        on candidates.household_id = losses.household_id and candidates.identical_group = losses.identical_group
    where
        losses.count_hi - (losses.position_hi - losses.position_lo) < candidates.count_hi
        and candidates.count_hi - (candidates.position_hi - candidates.position_lo) < losses.count_hi
)
select
    counted.loss_id,
    counted.part_id,
    counted.lo + counted.loss_offset as loss_lo,
    counted.hi + counted.loss_offset as loss_hi,
    counted.lo + counted.part_offset as part_lo,
    counted.hi + counted.part_offset as part_hi,
    seller.owner_id <> buyer.owner_id as other_owner,
    counted.no_basis or (seller.owner_id <> buyer.owner_id and $spouse_basis = 'lost') as permanent
from counted
join ledger_account as seller on seller.account_id = counted.seller_id
join ledger_account as buyer on buyer.account_id = counted.buyer_id
