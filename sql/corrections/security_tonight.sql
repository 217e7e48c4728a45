-- security_tonight: the securities that the book knows tonight, in the groups of its view.
-- Grain:   one row per security_id.
-- Reads:   ledger_security.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table security_tonight as
select security_id, identical_group
from ledger_security
