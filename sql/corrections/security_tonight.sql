-- security_tonight: the securities that the book knows tonight.
-- Grain:   one row per security_id.
-- Reads:   policies.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table security_tonight as
select security_id, identical_group
from policies.security
