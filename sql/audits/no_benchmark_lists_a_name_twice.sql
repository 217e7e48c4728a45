-- no_benchmark_lists_a_name_twice: names with several weights in one benchmark.
-- Grain:   one row per offending (benchmark_id, security_id).
-- Reads:   benchmark_weight.
-- Binds:   nothing.
-- Order:   benchmark_id, security_id.
select
    benchmark_id,
    security_id,
    count(*) as times
from benchmark_weight
group by benchmark_id, security_id
having count(*) > 1
order by benchmark_id, security_id
