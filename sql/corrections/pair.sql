-- pair: the pairs of household and security that are booked again: those that changed and all that these can meet.
-- Grain:   one row per (household_id, security_id).
-- Reads:   seed, linked.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table pair as
with recursive reached as (
    select household_id, security_id from seed
    union
    select reached.household_id, linked.other_id as security_id
    from reached
    join linked on linked.security_id = reached.security_id
)
select distinct household_id, security_id from reached
