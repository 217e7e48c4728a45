-- closed_groups: groups in which a household may not buy, or may not sell at a loss, on the trade date.
-- Grain:   one row per (household_id, identical_group).
-- Reads:   windows, lots, positions, policies, shards.
-- Binds:   $trade_date, $shard.
-- Note:    where book and custodian disagree about a position, an unknown trade may have opened a window either way.
-- Order:   household_id, identical_group.
select
    household_id,
    identical_group,
    bool_or(closes = 'buy') as closed_to_buying,
    bool_or(closes = 'loss sale') as closed_to_loss_sales
from (
    select household_id, identical_group, 'buy' as closes from windows.no_buy where last_day >= $trade_date
    union all
    select household_id, identical_group, 'loss sale' as closes from windows.no_loss_sale where last_day >= $trade_date
    union all
    select account_shard.household_id, security.identical_group_next, closes
    from (
        select account_id, security_id, sum(micro_shares) as difference
        from (
            select account_id, security_id, position_hi - position_lo as micro_shares from lots.sublot
            union all
            select account_id, security_id, -micro_shares as micro_shares from positions.position
        ) as both_sides
        group by account_id, security_id
        having sum(micro_shares) <> 0
    ) as disputed
    join shards.account_shard on account_shard.account_id = disputed.account_id and account_shard.shard = $shard
    join policies.security on security.security_id = disputed.security_id
    cross join (values ('buy'), ('loss sale')) as both_ways (closes)
) as closings
group by household_id, identical_group
order by household_id, identical_group
