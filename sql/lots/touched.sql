-- touched: the sublots that tonight can change: lots that are traded, holdings that are sold from without naming a lot,
--          recent purchases that can replace what is sold, and holdings of tonight's actions.
-- Grain:   one row or more per row of before.sublot that is touched; only membership counts.
-- Reads:   before, trade, day_action, ledger_account, ledger_security, corrected.
-- Binds:   $night.
-- Order:   none needed.
create or replace temp table touched as
with moving as (
    -- A dividend names a security and touches no lot of it.
    select household_id, identical_group, account_id, other_account_id, security_id, lot_id
    from trade
    where pair_security(kind, security_id) <> ''
),
named as (
    select account_id, security_id, lot_id from moving where lot_id is not null
    union all
    select other_account_id as account_id, security_id, lot_id
    from moving
    where other_account_id is not null and lot_id is not null
),
acted as (
    select security_id from day_action
    union
    select new_security_id as security_id from day_action
),
traded_group as (
    select household_id, identical_group from moving
    union
    select ledger_account.household_id, coalesce(ledger_security.identical_group, acted.security_id) as identical_group
    from ledger_account
    cross join acted
    left join ledger_security on ledger_security.security_id = acted.security_id
    where not exists (
        select 1 from corrected
        where corrected.household_id = ledger_account.household_id and corrected.security_id = acted.security_id
    )
),
recent as (
    select
        sublot.rowid as source_row,
        sublot.household_id,
        coalesce(ledger_security.identical_group, sublot.security_id) as identical_group
    from before.sublot
    left join ledger_security on ledger_security.security_id = sublot.security_id
    where sublot.acquired_date >= $night::date - 30
)
select recent.source_row
from recent
semi join traded_group
    on traded_group.household_id = recent.household_id and traded_group.identical_group = recent.identical_group
union all
select sublot.rowid as source_row
from before.sublot
semi join named using (account_id, security_id, lot_id)
union all
select sublot.rowid as source_row
from before.sublot
semi join moving
    on moving.account_id = sublot.account_id and moving.security_id = sublot.security_id and moving.lot_id is null
union all
select sublot.rowid as source_row
from before.sublot
semi join acted on acted.security_id = sublot.security_id
anti join corrected
    on corrected.household_id = sublot.household_id and corrected.security_id = sublot.security_id
