-- pair: the pairs of household and security that are booked again: those that changed and all that these can meet.
-- Grain:   one row per (household_id, security_id).
-- Reads:   seed, linked, ledger_account.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table pair as
with recursive tied as (
    -- Transfers tie accounts that are households of their own; in the taxpayer's view there are none.
    select distinct one.household_id, other.household_id as other_id
    from ledger_account as one
    join ledger_account as other on other.taxpayer_id = one.taxpayer_id and other.household_id <> one.household_id
),
changed as (
    select household_id, security_id from seed
    union
    select tied.other_id as household_id, seed.security_id
    from seed
    join tied on tied.household_id = seed.household_id
),
reached as (
    select household_id, security_id from changed
    union
    select reached.household_id, linked.other_id as security_id
    from reached
    join linked on linked.security_id = reached.security_id
)
select distinct household_id, security_id from reached
