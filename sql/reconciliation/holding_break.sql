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
    kind || coalesce(' ' || security_id, '') || ': book ' || (book_micro / 1e6)::decimal(24, 6)
    || ', custodian ' || (custodian_micro / 1e6)::decimal(24, 6) as sentence
from recon_break
