-- note_holdings: what each account holds of the securities of one action, before it.
-- Grain:   one row per (account_id, security_id).
-- Reads:   open_part.
-- Binds:   $security_id, $new_security_id.
-- Order:   none needed.
create or replace temp table holding_before as
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
