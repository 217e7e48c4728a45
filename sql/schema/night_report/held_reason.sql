-- held_reason: why accounts are held.
-- Grain:   one row per (status, reasons).
create table held_reason (
    status varchar not null,
    reasons varchar not null,
    accounts bigint not null
)
