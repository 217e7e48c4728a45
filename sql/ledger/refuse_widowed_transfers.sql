-- refuse_widowed_transfers: one side of a transfer inside the book whose other side was refused.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade.
-- Binds:   nothing.
-- Order:   event_id, account_id.
insert into refused_event
select
    trade.household_id,
    trade.account_id,
    trade.event_id,
    'LOT-011' as code,
    'event ' || trade.event_id || ' of account ' || trade.account_id as place,
    'a transfer of lot ' || trade.lot_id || ' whose other side, in account ' || trade.other_account_id || ', is refused'
        as found,
    'two sides that can both be booked' as expected,
    'Mend the other side first.' as remedy
from trade
anti join trade as other
    on other.account_id = trade.other_account_id
    and other.other_account_id = trade.account_id
    and other.lot_id = trade.lot_id
    and other.security_id = trade.security_id
    and other.kind <> trade.kind
where trade.kind in ('transfer_in', 'transfer_out') and trade.other_account_id is not null
order by trade.event_id, trade.account_id
