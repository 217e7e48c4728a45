-- turning_long: when open short-term sublots become long-term.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo).
create table turning_long (
    account_id varchar not null,
    security_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    long_from date not null
)
