-- benchmark_weight: the benchmark that each account tracks.
-- Grain:   one row per (benchmark_id, security_id).
create table benchmark_weight (
    benchmark_id varchar not null,
    security_id varchar not null,
    weight double not null check (weight >= 0 and weight <= 1)
)
