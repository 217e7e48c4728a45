-- seed_actions_traded: households that traded a late action's security since its day, or were told so since.
-- Grain:   rows of seed.
-- Reads:   late_action, arrival, ledger_account.
-- Binds:   nothing.
-- Order:   none needed.
insert into seed
select distinct ledger_account.household_id, late_action.security_id, late_action.effective_date as since
from late_action
join arrival on arrival.security_id = late_action.security_id
join ledger_account on ledger_account.account_id = arrival.account_id
where not exists (
    select 1 from seed as known
    where
        known.household_id = ledger_account.household_id
        and known.security_id = late_action.security_id
        and known.since <= late_action.effective_date
)
