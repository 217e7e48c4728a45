-- no_published_order_is_in_a_closed_wash_window: purchases that undo a realised loss, and losses that a purchase disallows.
-- Grain:   one row per offending (account_id, security_id, side).
-- Reads:   traded, sold_part, closed_group, policies.
-- Binds:   nothing.
-- Order:   account_id, security_id, side.
-- Shares of the purchase that is sold itself replace none of its own (Rev. Rul. 56-602).
select traded.account_id, traded.security_id, traded.side
from traded
join policies.account on account.account_id = traded.account_id
left join policies.security on security.security_id = traded.security_id
semi join closed_group
    on closed_group.household_id = account.household_id
    and closed_group.identical_group = coalesce(security.identical_group_next, traded.security_id)
    and closed_group.closes = 'buy'
where traded.side = 'buy'
union all
select distinct sold_part.account_id, sold_part.security_id, 'sell'
from sold_part
semi join closed_group
    on closed_group.household_id = sold_part.household_id
    and closed_group.identical_group = sold_part.identical_group
    and closed_group.closes = 'loss sale'
    and closed_group.only_purchase is distinct from sold_part.purchase_id
where sold_part.may_lose
order by account_id, security_id, side
