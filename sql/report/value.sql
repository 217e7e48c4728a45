-- value: net asset values of one shard's accounts at tonight's close, before any order.
-- Grain:   one row per account_id of the shard.
-- Reads:   proposals.
-- Binds:   nothing.
-- Order:   account_id.
select account_id, nav_microusd from proposals.answer order by account_id
