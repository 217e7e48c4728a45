-- no_order_sells_more_than_is_open: sales beyond the open shares of their lot.
-- Grain:   one row per offending (account_id, lot_id).
-- Reads:   approved_order, lots.
-- Binds:   nothing.
-- Order:   account_id, lot_id.
select
    sold.account_id,
    sold.lot_id,
    sold.micro_shares as sold_micro,
    coalesce(held.micro_shares, 0) as open_micro
from (
    select account_id, security_id, lot_id, sum(micro_shares) as micro_shares
    from approved_order
    where side = 'sell'
    group by all
) as sold
left join (
    select account_id, security_id, lot_id, sum(position_hi - position_lo) as micro_shares
    from lots.sublot
    semi join approved_order using (account_id, security_id, lot_id)
    group by all
) as held on held.account_id = sold.account_id and held.security_id = sold.security_id and held.lot_id = sold.lot_id
where sold.micro_shares > coalesce(held.micro_shares, 0)
order by sold.account_id, sold.lot_id
