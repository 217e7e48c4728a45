-- closed_group: groups in which a household of the shard may not sell at a loss on the trade date, as the solve has it.
-- Grain:   one row per (household_id, identical_group).
create or replace temp table closed_group (
    household_id varchar not null,
    identical_group varchar not null,
    closed_to_buying boolean not null,
    closed_to_loss_sales boolean not null,
    open_to_purchase varchar,
    no_buy_until date,
    no_loss_sale_until date
)
