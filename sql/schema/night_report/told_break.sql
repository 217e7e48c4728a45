-- told_break: every break of the night in words, for people; its numbers are in the table recon_break of trades.
-- Grain:   one row per (account_id, kind, sentence).
create table told_break (
    account_id varchar not null,
    kind varchar not null,
    accepted_by varchar,
    sentence varchar not null
)
