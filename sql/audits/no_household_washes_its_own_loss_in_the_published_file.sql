-- no_household_washes_its_own_loss_in_the_published_file: the wash proof over every shard (26 U.S.C. 1091).
-- Grain:   one row per offending (household_id, identical_group).
-- Reads:   allocation, policies.
-- Binds:   nothing.
-- Order:   household_id, identical_group.
select
    allocation.household_id,
    security.identical_group_next
from allocation
join policies.security on security.security_id = allocation.security_id
join policies.account on account.account_id = allocation.account_id
group by allocation.household_id, security.identical_group_next
having
    bool_or(allocation.loss_microusd > 0 and account.registration in ('taxable', 'trust'))
    and bool_or(allocation.side = 'buy')
order by allocation.household_id, security.identical_group_next
