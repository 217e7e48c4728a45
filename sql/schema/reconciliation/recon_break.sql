-- recon_break: where the book and the custodian disagree beyond the tolerance, and what would explain it.
-- Grain:   one row per (account_id, kind, security_id); cash has no security.
create table recon_break (
    account_id varchar not null,
    kind varchar not null check (
        kind in (
            'missing_buy', 'missing_sell', 'quantity', 'cash', 'unknown_security', 'unknown_account', 'corporate_action'
        )
    ),
    security_id varchar,                                         -- null: cash, in micro-dollars
    book_micro bigint not null,
    custodian_micro bigint not null,
    missing_at varchar check (missing_at in ('book', 'custodian')), -- who lacks what explains it; null: nothing does
    explanation varchar not null,                                -- what was found that makes up the whole difference
    accepted_by varchar,                                         -- the ruling that accepts exactly this difference
    check (book_micro <> custodian_micro)
)
