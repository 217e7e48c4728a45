-- no_account_trades_on_cash_in_dispute: accounts that trade on more cash than both the book and the custodian have.
-- Grain:   one row per offending account_id.
-- Reads:   account_outcome, recon_break.
-- Binds:   nothing.
-- Order:   account_id.
select account_outcome.account_id, account_outcome.cash_before_microusd, recon_break.book_micro, recon_break.custodian_micro
from account_outcome
join recon_break on recon_break.account_id = account_outcome.account_id and recon_break.security_id is null
where
    account_outcome.status not like 'HELD%'
    and account_outcome.cash_before_microusd > least(recon_break.book_micro, recon_break.custodian_micro)
order by account_outcome.account_id
