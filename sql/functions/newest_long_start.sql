-- newest_long_start: the last holding start of which a sale on a day is long-term; what started later is short-term.
-- Reads:   its argument, a date. One date for all rows, where long_from would be reckoned of each: long_from never falls.
create or replace temp macro newest_long_start(sale_date) as (
    select max(sale_date - days::integer) from range(360, 371) as earlier (days)
    where long_from(sale_date - days::integer) <= sale_date
)
