-- unknown_account: positions and cash that the custodian keeps for an account which the book does not have; nobody is held.
-- Grain:   one row per (account_id, security_id); cash has no security.
-- Reads:   positions, policies.
-- Binds:   nothing.
-- Order:   account_id, security_id.
insert into recon_break by name
select
    reported.account_id,
    'unknown_account' as kind,
    reported.security_id,
    0 as book_micro,
    reported.custodian_micro,
    'book' as missing_at,
    'the book has no such account' as explanation,
    null as accepted_by
from (
    select account_id, security_id, micro_shares as custodian_micro from positions.position
    union all
    select account_id, null as security_id, cash_microusd as custodian_micro from positions.custodian_cash
) as reported
anti join policies.account on account.account_id = reported.account_id
where reported.custodian_micro <> 0
order by reported.account_id, reported.security_id
