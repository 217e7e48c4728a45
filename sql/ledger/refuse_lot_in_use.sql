-- refuse_lot_in_use: purchases under the name of a lot that is open.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, open_part.
-- Binds:   $turn.
-- Order:   event_id, account_id.
insert into refused_event
with arriving as (
    select
        *,
        count(*) over (partition by account_id, security_id, lot_id) as namesakes
    from trade
    where
        turn = $turn
        and (kind in ('buy', 'reinvest') or (kind = 'transfer_in' and other_account_id is null))
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
where
    namesakes > 1
    or exists (
        select 1 from open_part
        where
            open_part.account_id = arriving.account_id
            and open_part.security_id = arriving.security_id
            and open_part.lot_id = arriving.lot_id
    )
order by event_id, account_id
