-- basis_is_conserved: groups in which cost in and deferred losses are not basis out and basis open.
-- Grain:   one row per (household_id, identical_group) whose basis does not add up.
-- Reads:   before, touched, open_part, event, wash_match, disposal_piece, ledger_security.
-- Binds:   nothing.
-- Order:   household_id, identical_group.
-- Notes:   to the micro-dollar, on the sublots that tonight could change; untouched_sublots_are_kept holds the others.
with flow as (
    select
        sublot.household_id,
        sublot.security_id,
        part(
            sublot.part_basis_microusd,
            sublot.part_shares,
            sublot.position_lo - sublot.part_from,
            sublot.position_hi - sublot.part_from
        ) as microusd
    from before.sublot
    semi join touched on touched.source_row = sublot.rowid
    union all
    select household_id, security_id, basis_microusd as microusd
    from event
    where security_id is not null and basis_microusd <> 0
    union all
    select household_id, replacement_security_id as security_id, disallowed_microusd as microusd
    from wash_match
    where not permanent
    union all
    select household_id, security_id, -basis_microusd as microusd from disposal_piece
    union all
    select
        household_id,
        security_id,
        -part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from) as microusd
    from open_part
)
select
    flow.household_id,
    coalesce(ledger_security.identical_group, flow.security_id) as identical_group,
    sum(flow.microusd)::bigint as missing_microusd
from flow
left join ledger_security on ledger_security.security_id = flow.security_id
group by all
having sum(flow.microusd) <> 0
order by all
