-- stopped: accounts that what is in force at publishing holds, whatever their shard has answered.
-- Grain:   one row per account_id.
-- Reads:   account_outcome, allocation, recon_break, switch, acceptance of this partition.
-- Binds:   nothing.
-- Order:   account_id.
-- Notes:   an account, household or book that is frozen is HELD_FROZEN, with what else held it. A security frozen after
--          the solve holds every account that would trade it: nobody has solved what they would do without it. Taking
--          all orders of an account away opens no wash sale: it only takes purchases and sales away.
create or replace temp table stopped as
with frozen as (
    select
        account_outcome.account_id,
        string_agg(switch_reason(scope, target, ruling_id, reason), '; ' order by scope) as reasons
    from switch
    join account_outcome
        on switch.target = case switch.scope
            when 'account' then account_outcome.account_id
            when 'household' then account_outcome.household_id
            when 'book' then ''
        end
    group by account_outcome.account_id
),
would_trade as (
    select
        account_id,
        string_agg(switch_reason(scope, target, ruling_id, reason), '; ' order by target)
        || ', after the solve, in which the account would trade it' as reasons
    from (
        select distinct allocation.account_id, switch.*
        from allocation
        join switch on switch.scope = 'security' and switch.target = allocation.security_id
    ) as names
    group by account_id
),
withdrawn as (
    select
        account_id,
        string_agg(
            'the acceptance ' || accepted_by || ' of the break in ' || coalesce(security_id, 'cash')
            || ' is no longer in force', '; ' order by security_id nulls first
        ) as reasons
    from recon_break
    where accepted_by is not null and accepted_by not in (select ruling_id from acceptance)
    group by account_id
)
select
    account_outcome.account_id,
    case when frozen.reasons is not null or would_trade.reasons is not null
        then 'HELD_FROZEN' else 'HELD_BREAK' end as status,
    concat_ws(
        '; ', frozen.reasons, would_trade.reasons, withdrawn.reasons,
        case when account_outcome.status like 'HELD%' and account_outcome.status <> 'HELD_FROZEN'
            then 'also ' || account_outcome.status || ': ' || account_outcome.reasons end
    ) as reasons
from account_outcome
left join frozen on frozen.account_id = account_outcome.account_id
left join would_trade on would_trade.account_id = account_outcome.account_id
left join withdrawn
    on withdrawn.account_id = account_outcome.account_id and account_outcome.status not like 'HELD%'
where coalesce(frozen.reasons, would_trade.reasons, withdrawn.reasons) is not null
order by account_outcome.account_id
