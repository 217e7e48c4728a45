-- size_transfers: a transfer that names no number of shares moves the whole lot.
-- Grain:   rows of trade.
-- Reads:   open_part.
-- Binds:   $turn.
-- Order:   none needed.
update trade set micro_shares = open_lot.micro_shares
from (
    select account_id, security_id, lot_id, sum(position_hi - position_lo)::bigint as micro_shares
    from open_part
    group by account_id, security_id, lot_id
) as open_lot
where
    trade.turn = $turn
    and trade.kind = 'transfer_out'
    and trade.micro_shares is null
    and open_lot.account_id = trade.account_id
    and open_lot.security_id = trade.security_id
    and open_lot.lot_id = trade.lot_id
