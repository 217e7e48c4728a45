-- recon_break: where the book and the custodian disagree beyond the tolerance.
-- Grain:   one row per (account_id, kind, security_id); cash has no security.
create table recon_break (
    account_id varchar not null,
    kind varchar not null check (
        kind in ('missing_in_book', 'missing_at_custodian', 'quantity', 'cash')
    ),
    security_id varchar,
    book_micro bigint not null,
    custodian_micro bigint not null
)
