-- accepted_break: the breaks over which an account trades all the same, as they are told.
-- Grain:   one row per account_id.
-- Reads:   recon_break of this partition; policies.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table accepted_break as
select
    recon_break.account_id,
    string_agg(
        'accepted by ' || accepted_by || ' (' || acceptance.reason || '): '
        || break_told(kind, recon_break.security_id, book_micro, custodian_micro, explanation),
        '; ' order by recon_break.security_id nulls first
    ) as sentences
from recon_break
join policies.acceptance on acceptance.ruling_id = recon_break.accepted_by
group by recon_break.account_id
