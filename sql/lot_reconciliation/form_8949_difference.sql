-- form_8949_difference: per account and year, where the taxpayer's gains and losses are not those of the 1099-B.
-- Grain:   one row per (account_id, tax_year, long_term) that differs.
-- Reads:   lots, broker, shards.
-- Binds:   $shard.
-- Order:   account_id, tax_year, long_term.
insert into form_8949_difference
with told as (
    select
        account_id,
        tax_year,
        false as long_term,
        short_gain_microusd as taxpayer_gain,
        short_disallowed_microusd as taxpayer_disallowed,
        0 as broker_gain,
        0 as broker_disallowed
    from lots.realized_to_date
    union all
    select account_id, tax_year, true, long_gain_microusd, long_disallowed_microusd, 0, 0 from lots.realized_to_date
    union all
    select account_id, tax_year, false, 0, 0, short_gain_microusd, short_disallowed_microusd
    from broker.realized_to_date
    union all
    select account_id, tax_year, true, 0, 0, long_gain_microusd, long_disallowed_microusd
    from broker.realized_to_date
),
compared as (
    select
        account_id,
        tax_year,
        long_term,
        sum(taxpayer_gain)::bigint as taxpayer_gain,
        sum(broker_gain)::bigint as broker_gain,
        sum(taxpayer_disallowed)::bigint as taxpayer_disallowed,
        sum(broker_disallowed)::bigint as broker_disallowed
    from told
    group by account_id, tax_year, long_term
)
select
    account_shard.household_id,
    compared.*,
    taxpayer_disallowed - broker_disallowed as disallowed_difference_microusd,
    taxpayer_gain + taxpayer_disallowed - broker_gain - broker_disallowed as reported_difference_microusd
from compared
join shards.account_shard on account_shard.account_id = compared.account_id and account_shard.shard = $shard
where taxpayer_gain <> broker_gain or taxpayer_disallowed <> broker_disallowed
order by compared.account_id, tax_year, long_term
