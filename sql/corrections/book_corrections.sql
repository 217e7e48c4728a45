-- book_corrections: what the corrections change in shares, basis and cash beyond tonight's own events.
-- Grain:   one row per (account_id, security_id); without a security for events that move only cash.
-- Reads:   before, open_part, event, disposal_piece, wash_match, cash_fact, corrected.
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
    union all
    select
        household_id,
        account_id,
        security_id,
        position_lo - position_hi,
        -part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from),
        0
    from before.sublot
    union all
    select
        household_id,
        account_id,
        pair_security(kind, security_id),
        -micro_shares,
        -basis_microusd,
        -cash_microusd
    from event
    union all
    select household_id, account_id, security_id, 0, basis_microusd, 0 from disposal_piece
    union all
    select household_id, replacement_account_id, replacement_security_id, 0, -disallowed_microusd, 0
    from wash_match
    where not permanent
    union all
    select household_id, account_id, security_id, 0, 0, cash_microusd from cash_fact
)
select
    household_id,
    account_id,
    'correction of ' || $night::date as event_id,
    'correction' as kind,
    $night::date as effective_date,
    nullif(security_id, '') as security_id,
    null as lot_id,
    sum(micro_shares)::bigint as micro_shares,
    sum(basis_microusd)::bigint as basis_microusd,
    sum(cash_microusd)::bigint as cash_microusd,
    null as supersedes
from change
semi join corrected
    on corrected.household_id = change.household_id and corrected.security_id = change.security_id
group by household_id, account_id, security_id
having sum(micro_shares) <> 0 or sum(basis_microusd) <> 0 or sum(cash_microusd) <> 0
order by account_id, security_id
