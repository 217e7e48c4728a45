-- securities_of_tonight: securities that the book did not know on the day that is booked again.
-- Grain:   rows of ledger_security.
-- Reads:   security_tonight.
-- Binds:   nothing.
-- Order:   none needed.
insert into ledger_security
select security_id, identical_group
from security_tonight
where security_id not in (select security_id from ledger_security)
