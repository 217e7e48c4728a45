-- realized: what one account has realised in the year of its sales, as booked at the close of one night.
-- Grain:   one row, or none before its first sale of the year.
-- Reads:   lots (of that night).
-- Binds:   $account, $night, $trade_date (its year is the tax year).
-- Order:   a single row.
select
    $night::date as night,
    short_gain_microusd,
    long_gain_microusd,
    short_disallowed_microusd,
    long_disallowed_microusd,
    short_gain_microusd + long_gain_microusd + short_disallowed_microusd + long_disallowed_microusd as net_microusd
from lots.realized_to_date
where account_id = $account and tax_year = year($trade_date::date)
