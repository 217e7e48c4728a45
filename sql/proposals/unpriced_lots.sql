-- unpriced_lots: accounts that own a name which never had a price, so that their value is not known.
-- Grain:   one row per account_id.
-- Reads:   lots, prices.
-- Binds:   nothing.
-- Order:   account_id.
select
    sublot.account_id,
    string_agg(distinct sublot.security_id, ' ' order by sublot.security_id) as securities
from lots.sublot
anti join prices.price on price.security_id = sublot.security_id
group by sublot.account_id
order by sublot.account_id
