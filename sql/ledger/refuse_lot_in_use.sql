-- refuse_lot_in_use: purchases under the name of a lot that is open.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, open_part.
-- Binds:   $turn.
-- Order:   event_id, account_id.
insert into refused_event
with arriving as (
    select household_id, account_id, event_id, security_id, lot_id
    from trade
    where
        turn = $turn
        and (kind in ('buy', 'reinvest') or (kind = 'transfer_in' and other_account_id is null))
),
taken_name as (
    select account_id, security_id, lot_id from arriving group by account_id, security_id, lot_id having count(*) > 1
    union all
    select account_id, security_id, lot_id from open_part semi join arriving using (account_id, security_id, lot_id)
)
select
    household_id,
    account_id,
    event_id,
    'LOT-007' as code,
    'event ' || event_id || ' of account ' || account_id as place,
    'a purchase of ' || security_id || ' as lot ' || lot_id || ', a name already in use' as found,
    'a lot name that the account does not use' as expected,
    'Ask the custodian for the lot of this purchase and send a correction that supersedes the event.' as remedy
from arriving
semi join taken_name using (account_id, security_id, lot_id)
order by event_id, account_id
