-- specific_risk: annualised specific variance.
-- Grain:   one row per security_id.
create table specific_risk (
    security_id varchar not null,
    specific_variance double not null check (specific_variance > 0)
)
