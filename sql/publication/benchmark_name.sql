-- benchmark_name: the names of every benchmark that have a price, their weights summing to one.
-- Grain:   one row per (benchmark_id, security_id).
-- Reads:   benchmark, prices, policies.
-- Binds:   nothing.
-- Units:   weight_femto: millionths of a thousandth of a millionth.
create or replace temp table benchmark_name as
select
    benchmark_weight.benchmark_id,
    benchmark_weight.security_id,
    security.sector,
    round(benchmark_weight.weight * 1e15)::hugeint * 1000000000000000
    // sum(round(benchmark_weight.weight * 1e15)::hugeint) over (partition by benchmark_weight.benchmark_id) as weight_femto
from benchmark.benchmark_weight
join prices.price on price.security_id = benchmark_weight.security_id
join policies.security on security.security_id = benchmark_weight.security_id
where benchmark_weight.weight > 0
