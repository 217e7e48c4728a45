-- recon_break: one shard's breaks join the book's.
-- Grain:   one row per (account_id, kind, security_id).
-- Reads:   answered (one shard's reconciliation).
-- Binds:   nothing.
-- Order:   account_id, kind, security_id.
insert into recon_break
from answered.recon_break
order by account_id, kind, security_id
