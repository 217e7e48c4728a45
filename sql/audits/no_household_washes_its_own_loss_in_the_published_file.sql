-- no_household_washes_its_own_loss_in_the_published_file: the wash proof over every shard (26 U.S.C. 1091).
-- Grain:   one row per offending (household_id, identical_group).
-- Reads:   traded, sold_part, policies.
-- Binds:   nothing.
-- Order:   household_id, identical_group.
-- What may lose is told from the lots that the file names, not from what the answers say of themselves.
with bought as (
    select distinct account.household_id, coalesce(security.identical_group_next, traded.security_id) as identical_group
    from traded
    join policies.account on account.account_id = traded.account_id
    left join policies.security on security.security_id = traded.security_id
    where traded.side = 'buy'
)
select distinct account.household_id, sold_part.identical_group
from sold_part
join policies.account on account.account_id = sold_part.account_id
semi join bought
    on bought.household_id = account.household_id
    and bought.identical_group = sold_part.identical_group
where sold_part.may_lose
order by account.household_id, sold_part.identical_group
