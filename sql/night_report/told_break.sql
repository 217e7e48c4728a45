-- told_break: every break of the night as it is told in the reasons, unknown accounts included.
-- Grain:   one row per (account_id, kind, sentence).
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   account_id, kind, sentence.
insert into told_break
select
    account_id,
    kind,
    accepted_by,
    break_told(kind, security_id, book_micro, custodian_micro, explanation) as sentence
from trades.recon_break
order by account_id, kind, sentence
