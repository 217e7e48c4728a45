-- open_part: the open parts of the lots that the day can change.
-- Grain:   one row per part_id; parts of a lot do not overlap.
create or replace temp table open_part (
    part_id bigint not null,
    household_id varchar not null,
    identical_group varchar not null,
    account_id varchar not null,
    security_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null,
    position_hi bigint not null,
    part_from bigint not null,
    part_shares bigint not null,
    part_basis_microusd bigint not null,
    acquired_date date not null,
    purchase_order integer not null,
    holding_start_date date not null,
    purchase boolean not null,
    absorbed boolean not null,
    truncated boolean not null,
    no_basis boolean not null,
    bought_as varchar not null
)
