-- conflict: the limits of one account that cannot be kept together, and by how much each would have to give.
-- Grain:   one row per limit_name.
-- Reads:   proposals.
-- Binds:   $account.
-- Order:   limit_name.
select limit_name, needed from proposals.conflict where account_id = $account order by limit_name
