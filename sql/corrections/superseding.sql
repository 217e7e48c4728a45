-- superseding: tonight's events of any account that supersede one of an earlier file.
-- Grain:   one row.
-- Reads:   activity.
-- Binds:   nothing.
-- Order:   one row.
-- Notes:   few events supersede any: only the names that they give are looked for among all.
with asked as materialized (
    select supersedes from activity.activity where supersedes is not null
)
select count(*) as events
from asked
where
    supersedes not in (
        select event_id from activity.activity semi join asked on asked.supersedes = activity.event_id
    )
