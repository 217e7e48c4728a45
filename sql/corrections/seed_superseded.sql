-- seed_superseded: the pairs of tonight's superseding events and of those that they supersede; and of events that were
--                  superseded before they arrived.
-- Grain:   rows of seed.
-- Reads:   arrival, original, ledger_account, ledger_session.
-- Binds:   $night.
-- Order:   none needed.
insert into seed
with link as (
    select
        arrival.account_id as by_account_id,
        pair_security(arrival.kind, arrival.security_id) as by_security_id,
        arrival.trade_date as by_date,
        original.account_id,
        pair_security(original.kind, original.security_id) as security_id,
        original.trade_date
    from arrival
    join original on original.event_id = arrival.supersedes
    where
        (arrival.arrived = $night::date or original.arrived = $night::date)
        and (arrival.arrived <> original.arrived)
),
side as (
    select by_account_id as account_id, by_security_id as security_id, by_date as since from link
    union all
    select account_id, security_id, trade_date from link
)
select distinct ledger_account.household_id, side.security_id, side.since
from side
join ledger_account on ledger_account.account_id = side.account_id
where
    side.since in (from ledger_session)
    and not exists (
        select 1 from seed as known
        where
            known.household_id = ledger_account.household_id
            and known.security_id = side.security_id
            and known.since <= side.since
    )
