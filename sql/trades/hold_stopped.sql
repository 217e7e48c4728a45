-- hold_stopped: accounts that are stopped at publishing are held, with the reason, and nothing of their answers is used.
-- Grain:   the rows of account_outcome that change.
-- Reads:   stopped.
-- Binds:   nothing.
-- Order:   none needed; the digest and the published file are in an order of their own.
update account_outcome
set
    status = stopped.status,
    reasons = stopped.reasons,
    objective = null,
    bound = null,
    gap_bp = null,
    gap_microusd = null,
    tracking_error_after_bps = tracking_error_before_bps,
    harvested_loss_microusd = 0,
    realized_gain_microusd = 0,
    tax_saved_microusd = 0,
    cash_after_microusd = cash_before_microusd,
    orders = 0
from stopped
where stopped.account_id = account_outcome.account_id
