-- book_action: what one action changed in each account.
-- Grain:   one row per (account_id, security_id) that changed.
-- Reads:   holding_before, open_part, disposal_piece.
-- Binds:   $action_id, $kind, $security_id, $new_security_id, $night.
-- Order:   account_id, security_id.
-- Notes:   basis that left in a piece without shares is counted there, not here; its cash is counted here.
insert into event
with holding_after as (
    select
        household_id,
        account_id,
        security_id,
        sum(position_hi - position_lo)::bigint as micro_shares,
        sum(part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from))::bigint
            as basis_microusd
    from open_part
    where security_id in ($security_id, $new_security_id)
    group by household_id, account_id, security_id
),
paid as (
    select
        account_id,
        security_id,
        sum(proceeds_microusd)::bigint as cash_microusd,
        sum(basis_microusd)::bigint as basis_microusd
    from disposal_piece
    where sale_id = $action_id and sale_date = $night::date and position_lo = position_hi
    group by account_id, security_id
),
changed as (
    select
        coalesce(holding_after.household_id, holding_before.household_id) as household_id,
        coalesce(holding_after.account_id, holding_before.account_id) as account_id,
        coalesce(holding_after.security_id, holding_before.security_id) as security_id,
        coalesce(holding_after.micro_shares, 0) - coalesce(holding_before.micro_shares, 0) as micro_shares,
        coalesce(holding_after.basis_microusd, 0) - coalesce(holding_before.basis_microusd, 0) as basis_microusd
    from holding_before
    full join holding_after
        on holding_after.account_id = holding_before.account_id
        and holding_after.security_id = holding_before.security_id
)
select
    changed.household_id,
    changed.account_id,
    $action_id as event_id,
    $kind as kind,
    $night::date as effective_date,
    changed.security_id,
    null as lot_id,
    changed.micro_shares,
    changed.basis_microusd + coalesce(paid.basis_microusd, 0) as basis_microusd,
    coalesce(paid.cash_microusd, 0) as cash_microusd,
    null as supersedes
from changed
left join paid on paid.account_id = changed.account_id and paid.security_id = changed.security_id
where changed.micro_shares <> 0 or changed.basis_microusd <> 0 or paid.cash_microusd is not null
order by changed.account_id, changed.security_id
