-- refuse_lot_clash: transfers into an account that uses the lot's name for another purchase, or is about to.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, open_part.
-- Binds:   $turn.
-- Order:   event_id, account_id.
insert into refused_event
select distinct
    trade.household_id,
    trade.account_id,
    trade.event_id,
    'LOT-007' as code,
    'event ' || trade.event_id || ' of account ' || trade.account_id as place,
    'a transfer of lot ' || trade.lot_id || ' to account ' || trade.other_account_id || ', which uses the name' as found,
    'a lot name that the receiving account does not use' as expected,
    'Ask the custodian for the lot''s new name and send a correction that supersedes the event.' as remedy
from trade
join open_part as moving
    on moving.account_id = trade.account_id
    and moving.security_id = trade.security_id
    and moving.lot_id = trade.lot_id
left join trade as other
    on other.turn = $turn
    and other.kind = 'transfer_out'
    and other.account_id <> trade.account_id
    and other.other_account_id = trade.other_account_id
    and other.security_id = trade.security_id
    and other.lot_id = trade.lot_id
join open_part as present
    on present.account_id in (trade.other_account_id, other.account_id)
    and present.security_id = trade.security_id
    and present.lot_id = trade.lot_id
    and present.bought_as <> moving.bought_as
where trade.turn = $turn and trade.kind = 'transfer_out'
order by trade.event_id, trade.account_id
