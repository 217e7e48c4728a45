-- no_loss_sale: groups in which a loss realised next session would be disallowed, because of recent purchases.
-- Grain:   one row per (household_id, identical_group, last_day).
create table no_loss_sale (
    household_id varchar not null,
    identical_group varchar not null,
    micro_shares bigint not null check (micro_shares > 0), -- recent, unused purchases still held
    last_day date not null,                                -- the last day on which they would wash a loss
    only_purchase varchar                                  -- the purchase, where all were bought at once
)
