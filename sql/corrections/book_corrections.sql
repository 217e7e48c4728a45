-- book_corrections: what the corrections change in shares, basis and cash beyond tonight's own events.
-- Grain:   one row per (account_id, security_id), and one per account for cash.
-- Reads:   before, touched, open_part, event, disposal_piece, wash_match, replayed_cash, corrected.
-- Binds:   $night.
-- Order:   account_id, security_id.
insert into event
with change as (
    select
        household_id,
        account_id,
        security_id,
        position_hi - position_lo as micro_shares,
        part(
            part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from
        ) as basis_microusd,
        0 as cash_microusd
    from open_part
    where household_id in (from corrected)
    union all
    select
        household_id,
        account_id,
        security_id,
        position_lo - position_hi,
        -part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from),
        0
    from before.sublot
    where household_id in (from corrected)
    union all
    select household_id, account_id, security_id, -micro_shares, -basis_microusd, 0
    from event
    where household_id in (from corrected) and security_id is not null
    union all
    select household_id, account_id, security_id, 0, basis_microusd, 0
    from disposal_piece
    where household_id in (from corrected)
    union all
    select household_id, replacement_account_id, replacement_security_id, 0, -disallowed_microusd, 0
    from wash_match
    where household_id in (from corrected) and not permanent
    union all
    select household_id, account_id, null, 0, 0, cash_microusd from replayed_cash
    union all
    select household_id, account_id, null, 0, 0, -cash_microusd from before.cash
    where household_id in (from corrected)
    union all
    select household_id, account_id, null, 0, 0, -cash_microusd from event where household_id in (from corrected)
)
select
    household_id,
    account_id,
    'correction of ' || $night::date as event_id,
    'correction' as kind,
    $night::date as effective_date,
    security_id,
    null as lot_id,
    sum(micro_shares)::bigint as micro_shares,
    sum(basis_microusd)::bigint as basis_microusd,
    sum(cash_microusd)::bigint as cash_microusd,
    null as supersedes
from change
group by household_id, account_id, security_id
having sum(micro_shares) <> 0 or sum(basis_microusd) <> 0 or sum(cash_microusd) <> 0
order by account_id, security_id
