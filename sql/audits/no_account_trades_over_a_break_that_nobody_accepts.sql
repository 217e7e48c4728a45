-- no_account_trades_over_a_break_that_nobody_accepts: accounts with a break outside tonight's acceptances that are not held.
-- Grain:   one row per offending (account_id, kind, security_id).
-- Reads:   account_outcome, recon_break, acceptance.
-- Binds:   nothing.
-- Order:   account_id, kind, security_id.
select recon_break.account_id, recon_break.kind, recon_break.security_id, recon_break.accepted_by
from recon_break
join account_outcome on account_outcome.account_id = recon_break.account_id
left join acceptance
    on acceptance.ruling_id = recon_break.accepted_by
    and acceptance.account_id = recon_break.account_id
    and acceptance.security_id is not distinct from recon_break.security_id
    and acceptance.difference_micro = recon_break.custodian_micro - recon_break.book_micro
where account_outcome.status not like 'HELD%' and acceptance.ruling_id is null
order by recon_break.account_id, recon_break.kind, recon_break.security_id
