-- no_buy: groups in which a purchase, by any account of the household, would undo a realised loss.
-- Grain:   one row per (household_id, identical_group, last_day).
create table no_buy (
    household_id varchar not null,
    identical_group varchar not null,
    micro_shares bigint not null check (micro_shares > 0), -- loss shares still exposed
    loss_microusd bigint not null,
    last_day date not null                                 -- the last day on which a purchase would undo it
)
