-- recon_break: one shard's breaks join the book's.
-- Grain:   one row per (account_id, kind, security_id).
-- Reads:   reconciliation of the shard.
-- Binds:   nothing.
-- Order:   account_id, kind, security_id.
insert into recon_break
select account_id, kind, security_id, book_micro, custodian_micro, accepted_by
from answered.recon_break
order by account_id, kind, security_id
