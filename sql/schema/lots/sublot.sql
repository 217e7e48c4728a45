-- sublot: every open part of a lot at the close of the night; state, carried whole from night to night.
-- Grain:   one row per (account_id, security_id, lot_id, position_lo); parts of a lot do not overlap.
-- Units:   micro-shares and micro-dollars. The part's basis is the floor difference of part_basis_microusd over
--          part_shares at (position - part_from).
-- Notes:   part_shares and holding_start_date take no room: they are reckoned, never null, and what is written is where they
--          are not the rule.
create table sublot (
    household_id varchar not null,
    account_id varchar not null,
    security_id varchar not null,
    lot_id varchar not null,
    position_lo bigint not null check (position_lo >= 0),
    position_hi bigint not null,
    part_from bigint not null check (part_from >= 0),
    other_part_shares bigint check (other_part_shares > 0), -- part_shares where they are not position_hi; else null
    part_shares bigint generated always as (coalesce(other_part_shares, position_hi)) virtual,
    part_basis_microusd bigint not null check (part_basis_microusd >= 0),
    acquired_date date not null,
    purchase_order integer not null, -- among the purchases of one day, where the order is known; otherwise 0
    other_holding_start_date date,   -- holding_start_date where it is not acquired_date; else null
    holding_start_date date generated always as (coalesce(other_holding_start_date, acquired_date)) virtual,
    purchase boolean not null,       -- it can absorb a loss; a spun-off share, which was never bought, cannot
    absorbed boolean not null,       -- it has taken a disallowed loss and takes no other
    truncated boolean not null,      -- an action left a part of a micro-share out: its basis is known to what one costs
    no_basis boolean not null,       -- held in an IRA or Roth account
    bought_as varchar,               -- account/security/lot of its purchase, where it has moved since; else null
    check (position_lo < position_hi),
    check (other_part_shares <> position_hi),
    check (other_holding_start_date <> acquired_date)
)
