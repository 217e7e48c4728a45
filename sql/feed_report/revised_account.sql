-- revised_account: what the night before would have been worth in an account at the close that is told tonight.
-- Grain:   one row per (account_id, security_id) that held or was ordered to trade a security told otherwise.
-- Reads:   vendor.revised_close, positions_before.position, order_before.
-- Binds:   nothing.
-- Order:   account_id, security_id.
insert into revised_account
select
    coalesce(position.account_id, order_before.account_id) as account_id,
    revised_close.security_id,
    revised_close.session,
    revised_close.used_microusd,
    revised_close.second_microusd,
    coalesce(position.micro_shares, 0) as held_micro_shares,
    (
        coalesce(position.micro_shares, 0)::hugeint * (second_microusd - used_microusd) // 1000000
    )::bigint as value_change_microusd,
    coalesce(order_before.micro_shares, 0) as ordered_micro_shares,
    (
        coalesce(order_before.micro_shares, 0)::hugeint * (second_microusd - used_microusd) // 1000000
    )::bigint as order_change_microusd
from (
    select account_id, security_id, micro_shares from positions_before.position
) as position
full join order_before
    on order_before.account_id = position.account_id and order_before.security_id = position.security_id
join vendor.revised_close
    on revised_close.security_id = coalesce(position.security_id, order_before.security_id)
where second_microusd <> used_microusd
order by 1, 2
