-- name_weights: what the benchmark of each account of a household holds of the securities of one identical group.
-- Grain:   one row per (account_id, security_id); weight zero where the benchmark does not hold it.
-- Reads:   policies, shards, benchmark.
-- Binds:   $household_id, $identical_group.
-- Order:   account_id, security_id.
select account.account_id, account.benchmark_id, security.security_id, coalesce(benchmark_weight.weight, 0) as weight
from policies.account
join shards.account_shard
    on account_shard.account_id = account.account_id and account_shard.household_id = $household_id
join policies.security on security.identical_group_next = $identical_group
left join benchmark.benchmark_weight
    on benchmark_weight.benchmark_id = account.benchmark_id and benchmark_weight.security_id = security.security_id
order by account.account_id, security.security_id
