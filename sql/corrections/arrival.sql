-- arrival: what the custodian reported since the first day that changed: of the households concerned, of the securities
--          of late actions, all transfers (for their other sides) and all that supersedes.
-- Grain:   one row per (event_id, account_id, arrived).
-- Reads:   activity.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   the columns of activity, and the night whose file brought the row.
create or replace temp table arrival as
select *, null::date as arrived from activity.activity limit 0
