-- shares_bought_before: unused shares, bought within 30 days before the sale and still held after it.
-- Grain:   one row per part_id.
-- Reads:   open_part, loss_to_meet.
-- Binds:   $night, $older_lot.
-- Order:   none needed; meeting orders them.
create or replace temp table candidate as
with sold as (
    select household_id, identical_group, min(acquired_date) as acquired_date
    from loss_to_meet
    group by household_id, identical_group
)
select open_part.*
from open_part
join sold on sold.household_id = open_part.household_id and sold.identical_group = open_part.identical_group
anti join loss_to_meet
    on loss_to_meet.household_id = open_part.household_id
    and loss_to_meet.identical_group = open_part.identical_group
    and loss_to_meet.bought_as = open_part.bought_as
where
    open_part.purchase
    and not open_part.absorbed
    and open_part.acquired_date >= $night::date - 30
    and ($older_lot = 'absorbs' or open_part.acquired_date >= sold.acquired_date)
