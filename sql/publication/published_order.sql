-- published_order: the published block orders, shares and money as integers.
-- Grain:   one row per line of orders.csv.
-- Reads:   order_row.
-- Binds:   nothing.
create or replace temp view published_order as
select
    security_id,
    side,
    (shares * 1000000)::bigint as micro_shares,
    (estimated_usd * 1000000)::bigint as estimated_microusd
from order_row
