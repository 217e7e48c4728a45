-- revised_outcome: accounts of the night before whose outcome would have been another at the closes told tonight.
-- Grain:   one row per account_id.
-- Reads:   vendor.revised_close, prices_before.price, actions_before.frozen_security, positions_before, outcome_before.
-- Binds:   $before (date), $jump_max, $frozen_value_max.
-- Order:   account_id.
--
-- A close near the one that the night was priced at would have been believed, another frozen like any jump. What an
-- account would have traded is not told here: `openbell verify --replay --current-inputs` solves the night anew.
insert into revised_outcome
with held as (
    select
        position.account_id,
        position.micro_shares::double * price.close_microusd / 1e12 as value_usd,
        position.micro_shares::double
        * case when revised_close.second_microusd is null or jumps then price.close_microusd else second_microusd end
        / 1e12 as revised_value_usd,
        frozen_security.security_id is not null or not price.trusted as is_frozen,
        frozen_security.security_id is not null
        or case when revised_close.second_microusd is null then not price.trusted else jumps end as is_frozen_revised
    from positions_before.position
    join prices_before.price using (security_id)
    left join actions_before.frozen_security using (security_id)
    left join (
        select *, abs(ln(second_microusd::double / used_microusd)) > $jump_max as jumps from vendor.revised_close
    ) as revised_close using (security_id)
),
weighed as (
    select
        held.account_id,
        coalesce(sum(value_usd) filter (where is_frozen), 0)
            / (sum(value_usd) + max(cash.cash_microusd) / 1e6) as frozen_share,
        coalesce(sum(revised_value_usd) filter (where is_frozen_revised), 0)
            / (sum(revised_value_usd) + max(cash.cash_microusd) / 1e6) as revised_frozen_share
    from held
    join positions_before.custodian_cash as cash using (account_id)
    group by held.account_id
)
select
    account_id,
    $before::date as session,
    outcome_before.status,
    frozen_share,
    revised_frozen_share,
    case
        when status = 'HELD_DATA' then 'would not have been held for its names'
        else 'would have been HELD_DATA'
    end as effect
from weighed
join outcome_before using (account_id)
where
    (status = 'HELD_DATA' and frozen_share > $frozen_value_max and revised_frozen_share <= $frozen_value_max)
    or (not starts_with(status, 'HELD') and revised_frozen_share > $frozen_value_max)
order by account_id
