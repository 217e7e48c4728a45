-- value_at: what shares are worth at a price, in whole micro-dollars, the rest dropped.
-- Reads:   its arguments, BIGINT: micro-shares and micro-dollars a share.
-- Notes:   whole shares apart, so that 64 bits hold the products: a division of 128 bits takes ten times as long.
create or replace temp macro value_at(micro_shares, price) as
    micro_shares::bigint // 1000000 * price::bigint + micro_shares::bigint % 1000000 * price::bigint // 1000000
