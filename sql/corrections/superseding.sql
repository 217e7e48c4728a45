-- superseding: tonight's events of any account that supersede one of an earlier file.
-- Grain:   one row.
-- Reads:   activity.
-- Binds:   nothing.
-- Order:   one row.
select count(*) as events
from activity.activity
where
    supersedes is not null
    and supersedes not in (select event_id from activity.activity)
