-- stops: what holds one account, row by row: its breaks, what the judge does not confirm, names that are frozen.
-- Grain:   one row per (what, subject, found).
-- Reads:   reconciliation, proposals.
-- Binds:   $account_id.
-- Order:   what, subject, found.
select
    'break' as what,
    coalesce(security_id, 'cash') as subject,
    break_told(kind, security_id, book_micro, custodian_micro, explanation) as found,
    accepted_by as accepted_by,
    null::bigint as value_microusd
from reconciliation.recon_break
where account_id = $account_id
union all
select 'offence' as what, 'answer' as subject, offence as found, null as accepted_by, null as value_microusd
from reconciliation.offence
where account_id = $account_id
union all
select 'frozen name' as what, security_id as subject, reason as found, null as accepted_by, value_microusd
from proposals.held_security
where account_id = $account_id
order by what, subject, found
