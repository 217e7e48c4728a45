-- every_published_amount_is_at_tonights_price: allocations at another price than tonight's, or that do not multiply out.
-- Grain:   one row per offending (account_id, security_id, side, lot_id).
-- Reads:   allocation, sold_sum, prices.
-- Binds:   nothing.
-- Order:   account_id, security_id, side, lot_id.
-- A lot that leaves in parts is valued part by part, each cut to the micro-dollar.
select
    allocation.account_id,
    allocation.security_id,
    allocation.side,
    allocation.lot_id,
    allocation.price_microusd,
    price.close_microusd
from allocation
left join prices.price on price.security_id = allocation.security_id
left join sold_sum as sold
    on sold.account_id = allocation.account_id
    and sold.security_id = allocation.security_id
    and sold.lot_id = allocation.lot_id
where
    price.security_id is null
    or not price.trusted
    or allocation.price_microusd <> price.close_microusd
    or allocation.estimated_microusd not between
        allocation.micro_shares::hugeint * price.close_microusd // 1000000 - coalesce(sold.parts, 1) + 1
        and allocation.micro_shares::hugeint * price.close_microusd // 1000000
order by allocation.account_id, allocation.security_id, allocation.side, allocation.lot_id
