-- accounts: the policy, cash, expected flow and realised gain to date of every account of the shard.
-- Grain:   one row per account_id.
-- Reads:   policies, shards, lots, positions.
-- Binds:   $shard, $trade_date (its year is the tax year of tonight's sales).
-- Note:    an event refused for one account may be a wash sale for its whole household, so all of them are held.
-- Order:   household_id, wave: a household's accounts stand together, in the order they are solved.
select
    account.*,
    account_shard.wave,
    coalesce(cash.cash_microusd, 0) as cash_microusd,
    coalesce(flow.amount_microusd, 0) as flow_microusd,
    coalesce(
        realized.short_gain_microusd + realized.long_gain_microusd
        + realized.short_disallowed_microusd + realized.long_disallowed_microusd, 0
    ) as realized_microusd,
    refused.codes as refused_codes
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
where account_shard.shard = $shard
order by account.household_id, account_shard.wave
