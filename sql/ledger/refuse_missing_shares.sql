-- refuse_missing_shares: sales and transfers of more than is open; all of the turn's that share the lot are refused,
--                        for none of them can be told to be the wrong one.
-- Grain:   one row per (event_id, account_id).
-- Reads:   trade, open_part.
-- Binds:   $turn, $kind ('transfer_out' or 'sell').
-- Order:   event_id, account_id.
insert into refused_event
with leaving as (
    select account_id, security_id, lot_id, sum(micro_shares)::bigint as together
    from trade
    where turn = $turn and kind = $kind
    group by account_id, security_id, lot_id
),
open_lot as (
    select account_id, security_id, lot_id, sum(position_hi - position_lo)::bigint as micro_shares
    from open_part
    semi join leaving using (account_id, security_id)
    group by account_id, security_id, lot_id
),
named as (
    select leaving.*, open_lot.micro_shares as open_shares
    from leaving
    left join open_lot
        on open_lot.account_id = leaving.account_id
        and open_lot.security_id = leaving.security_id
        and open_lot.lot_id = leaving.lot_id
    where leaving.lot_id is not null
),
unnamed as (
    select
        leaving.*,
        coalesce((
            select sum(open_lot.micro_shares)
            from open_lot
            where open_lot.account_id = leaving.account_id and open_lot.security_id = leaving.security_id
        ), 0)::bigint - coalesce((
            select sum(named.together)
            from named
            where
                named.account_id = leaving.account_id and named.security_id = leaving.security_id
                and named.together <= named.open_shares
        ), 0)::bigint as open_shares
    from leaving
    where leaving.lot_id is null
),
short_lot as (
    select * from named where open_shares is null or together > open_shares
    union all by name
    select * from unnamed where together > open_shares
),
short as (
    select trade.household_id, trade.event_id, short_lot.*
    from trade
    join short_lot
        on short_lot.account_id = trade.account_id
        and short_lot.security_id is not distinct from trade.security_id
        and short_lot.lot_id is not distinct from trade.lot_id
    where trade.turn = $turn and trade.kind = $kind
)
select
    household_id,
    account_id,
    event_id,
    case when open_shares is null then 'LOT-005' else 'LOT-004' end as code,
    'event ' || event_id || ' of account ' || account_id as place,
    case
        when open_shares is null then 'a sale or transfer of lot ' || lot_id || ' of ' || security_id
        else 'sales or transfers of ' || together || ' micro-shares of '
            || coalesce('lot ' || lot_id || ' of ', '') || security_id
    end as found,
    case
        when open_shares is null then 'a lot that is open in the account'
        else 'at most the ' || open_shares || ' still open; short sales are not kept'
    end as expected,
    'Compare the custodian''s activity with the lots of the night before, and send a correction.' as remedy
from short
order by event_id, account_id
