-- regroup_losses: the day's groups of identical securities, on the losses that stay in work from one day to the next.
-- Grain:   rows of exposed_loss.
-- Reads:   ledger_security.
-- Binds:   nothing.
-- Order:   none needed.
update exposed_loss set identical_group = ledger_security.identical_group
from ledger_security
where
    ledger_security.security_id = exposed_loss.security_id
    and ledger_security.identical_group <> exposed_loss.identical_group
