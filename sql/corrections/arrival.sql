-- arrival: what the custodian reported of the corrected households on any night, and all transfers: their other sides.
-- Grain:   one row per (event_id, account_id, arrived).
-- Notes:   the columns of activity, and the night whose file brought the row.
create or replace temp table arrival as
select *, null::date as arrived from activity.activity limit 0
