-- stopped: accounts that may be held though their shard let them trade: what was ruled since its answer stops them.
-- Grain:   one row per account_id.
-- Reads:   account_outcome, approved, recon_break, switch, acceptance.
-- Binds:   nothing.
create or replace temp view stopped as
select account_outcome.account_id
from account_outcome
join switch
    on (switch.scope = 'account' and switch.target = account_outcome.account_id)
    or (switch.scope = 'household' and switch.target = account_outcome.household_id)
    or switch.scope = 'book'
union
select approved.account_id
from approved
join switch on switch.scope = 'security' and switch.target = approved.security_id
union
select account_id
from recon_break
where accepted_by is not null and accepted_by not in (select ruling_id from acceptance)
