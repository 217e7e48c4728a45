-- lot: one account's open lots with their age and unrealised gain at tonight's close, and what tonight sells of them.
-- Grain:   one row per (security_id, lot_id, acquired_date, holding_start_date).
-- Reads:   trades, policies, prices, lots.
-- Binds:   $account, $night, $trade_date.
-- Order:   security_id, lot_id, acquired_date, holding_start_date.
select
    open_lot.*,
    open_lot.value_microusd - open_lot.basis_microusd as gain_microusd,
    coalesce(security.symbol, open_lot.security_id) as symbol,
    coalesce(sold.micro_shares, 0) as sold_micro_shares
from (
    select
        security_id,
        lot_id,
        acquired_date,
        holding_start_date,
        $night::date - holding_start_date as days_held,
        $trade_date::date >= long_from(holding_start_date) as is_long,
        sum(sublot.position_hi - sublot.position_lo)::bigint as micro_shares,
        sum(part(part_basis_microusd, part_shares, position_lo - part_from, position_hi - part_from))::bigint
            as basis_microusd,
        sum((position_hi - position_lo) * close_microusd::hugeint // 1000000)::bigint as value_microusd
    from lots.sublot
    join prices.price using (security_id)
    where account_id = $account
    group by security_id, lot_id, acquired_date, holding_start_date
) as open_lot
left join policies.security on security.security_id = open_lot.security_id
left join (
    select security_id, lot_id, sum(micro_shares)::bigint as micro_shares
    from trades.allocation
    where account_id = $account and side = 'sell'
    group by security_id, lot_id
) as sold on sold.security_id = open_lot.security_id and sold.lot_id = open_lot.lot_id
order by open_lot.security_id, open_lot.lot_id, open_lot.acquired_date, open_lot.holding_start_date
