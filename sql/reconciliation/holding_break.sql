-- holding_break: every break that holds its account, as it is told: first positions and cash, then lots.
-- Grain:   one row per (account_id, of_lot, kind, security_id, sentence).
-- Reads:   recon_break of this partition.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp table holding_break as
select
    account_id,
    false as of_lot,
    kind,
    security_id,
    break_told(kind, security_id, book_micro, custodian_micro, explanation) as sentence
from recon_break
where accepted_by is null
