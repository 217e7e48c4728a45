-- universe: the names that need a risk estimate.
-- Grain:   one row per security_id with a price or in a benchmark.
-- Reads:   prices.price, benchmark.benchmark_weight.
-- Binds:   nothing.
-- Order:   security_id; the order of the estimate's columns.
select security_id from prices.price
union
select security_id from benchmark.benchmark_weight
order by security_id
