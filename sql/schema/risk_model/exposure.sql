-- exposure: annualised factor exposures; the factor covariance is the identity.
-- Grain:   one row per (security_id, factor), factors numbered from 1.
create table exposure (
    security_id varchar not null,
    factor integer not null check (factor >= 1),
    exposure double not null
)
