-- no_published_sale_exceeds_its_lot: sales of lots that the account does not have, or of more than is open.
-- Grain:   one row per offending (account_id, security_id, lot_id).
-- Reads:   allocation, sold_sum.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id.
select
    allocation.account_id,
    allocation.security_id,
    allocation.lot_id,
    sum(allocation.micro_shares) as sold_micro,
    coalesce(any_value(lot.lot_micro), 0) as open_micro
from allocation
left join sold_sum as lot
    on lot.account_id = allocation.account_id
    and lot.security_id = allocation.security_id
    and lot.lot_id = allocation.lot_id
where allocation.side = 'sell'
group by allocation.account_id, allocation.security_id, allocation.lot_id
having sum(allocation.micro_shares) > coalesce(any_value(lot.lot_micro), 0)
order by allocation.account_id, allocation.security_id, allocation.lot_id
