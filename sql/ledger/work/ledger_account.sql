-- ledger_account: the accounts whose lots are worked.
-- Grain:   one row per account_id.
create or replace temp table ledger_account (
    account_id varchar not null,
    household_id varchar not null,      -- within it wash sales are seen; in the broker's view, the account itself
    taxpayer_id varchar not null,       -- within it lots move in kind, and trades of one day have one order
    owner_id varchar not null,
    no_basis boolean not null,          -- an IRA or Roth account
    share_step_micro bigint not null    -- the smallest part of a share that it holds
)
