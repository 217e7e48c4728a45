-- accounts: accounts.csv of every published night, the revision that stands.
-- Grain:   one row per (night, account_id).
-- Units:   dollars; objective and bound are fractions of net asset value, *_bp and *_bps basis points.
create table accounts (
    night date not null,
    account_id varchar not null,
    household_id varchar not null,
    shard varchar not null,
    status varchar not null,
    reasons varchar,
    objective decimal(24, 12),
    bound decimal(24, 12),
    gap_bp decimal(24, 6),
    gap_usd decimal(24, 6),
    tracking_error_before_bps decimal(24, 6),
    tracking_error_after_bps decimal(24, 6),
    harvested_loss_usd decimal(24, 6) not null,
    realized_gain_usd decimal(24, 6) not null,
    tax_saved_usd decimal(24, 6) not null,
    cash_before_usd decimal(24, 6) not null,
    cash_after_usd decimal(24, 6) not null,
    orders bigint not null
)
