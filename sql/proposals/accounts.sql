-- accounts: the policy, cash, expected flow and realised gain to date of every account of the shard, and what freezes it.
-- Grain:   one row per account_id.
-- Reads:   policies, shards, lots, positions.
-- Binds:   $shard, $trade_date (its year is the tax year of tonight's sales).
-- Note:    where a difference in cash is accepted, the account trades on the lower of the two balances.
-- Note:    an event refused for one account may be a wash sale for its whole household, so all of them are held.
-- Order:   household_id, wave: a household's accounts stand together, in the order they are solved.
select
    account.*,
    account_shard.wave,
    case
        when accepted.account_id is null then coalesce(cash.cash_microusd, 0)
        else least(coalesce(cash.cash_microusd, 0), coalesce(custodian_cash.cash_microusd, 0))
    end as cash_microusd,
    coalesce(flow.amount_microusd, 0) as flow_microusd,
    coalesce(
        realized.short_gain_microusd + realized.long_gain_microusd
        + realized.short_disallowed_microusd + realized.long_disallowed_microusd, 0
    ) as realized_microusd,
    refused.codes as refused_codes,
    frozen_by.reasons as frozen_by
from policies.account
join shards.account_shard using (account_id)
left join lots.cash on cash.account_id = account.account_id
left join positions.flow on flow.account_id = account.account_id
left join lots.realized_to_date as realized
    on realized.account_id = account.account_id and realized.tax_year = year($trade_date)
left join (
    select household_id, string_agg(distinct code, ' ' order by code) as codes
    from lots.refused_event
    group by household_id
) as refused on refused.household_id = account.household_id
left join positions.custodian_cash on custodian_cash.account_id = account.account_id
left join policies.acceptance as accepted
    on accepted.account_id = account.account_id and accepted.security_id is null
left join (
    select account.account_id, string_agg(switch_reason(scope, target, ruling_id, reason), '; ' order by scope) as reasons
    from policies.switch
    join policies.account
        on switch.target = case switch.scope
            when 'account' then account.account_id when 'household' then account.household_id when 'book' then ''
        end
    group by account.account_id
) as frozen_by on frozen_by.account_id = account.account_id
where account_shard.shard = $shard
order by account.household_id, account_shard.wave
