-- groups_of_day: the identical groups of one day that have several securities.
-- Grain:   one row per security_id.
-- Reads:   policies.
-- Binds:   $day.
-- Order:   none needed.
insert into security_group
select security_id, $day || '/' || identical_group as identical_group
from policies.security
qualify count(*) over (partition by identical_group) > 1
