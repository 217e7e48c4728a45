-- linked: securities that can meet each other from $since on: in one identical group, or old and new of one action.
-- Grain:   one row per ordered pair of different securities.
-- Reads:   security_group, known_action.
-- Binds:   $since.
-- Order:   none needed.
create or replace temp table linked as
select distinct one.security_id, other.security_id as other_id
from security_group as one
join security_group as other on other.identical_group = one.identical_group and other.security_id <> one.security_id
union
select security_id, new_security_id as other_id
from known_action
where effective_date >= $since::date and new_security_id <> security_id
union
select new_security_id as security_id, security_id as other_id
from known_action
where effective_date >= $since::date and new_security_id <> security_id
