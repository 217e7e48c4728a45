-- shadow_price: the limits of one account that bind, and what one more unit of each would be worth.
-- Grain:   one row per limit_name.
-- Reads:   proposals.
-- Binds:   $account.
-- Order:   limit_name.
select limit_name, usd_per_unit from proposals.shadow_price where account_id = $account order by limit_name
