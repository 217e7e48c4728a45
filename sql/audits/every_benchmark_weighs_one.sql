-- every_benchmark_weighs_one: benchmarks whose weights do not sum to one.
-- Grain:   one row per offending benchmark_id.
-- Reads:   benchmark_weight.
-- Binds:   $weight_sum_tolerance.
-- Order:   benchmark_id.
select
    benchmark_id,
    fsum(weight) as weight
from benchmark_weight
group by benchmark_id
having abs(fsum(weight) - 1) > $weight_sum_tolerance
order by benchmark_id
