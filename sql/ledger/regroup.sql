-- regroup: the day's groups of identical securities, on the lots that stay in work from one day to the next.
-- Grain:   rows of open_part.
-- Reads:   ledger_security.
-- Binds:   nothing.
-- Order:   none needed.
update open_part set identical_group = ledger_security.identical_group
from ledger_security
where
    ledger_security.security_id = open_part.security_id
    and ledger_security.identical_group <> open_part.identical_group
