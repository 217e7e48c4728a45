-- status_count: accounts by outcome.
-- Grain:   one row per status.
create table status_count (
    status varchar not null,
    accounts bigint not null
)
