-- lot_break: where the broker's view and the custodian's lots differ beyond the tolerance, lot by lot.
-- Grain:   one row per (account_id, security_id, book_lot_id, custodian_lot_id, kind, book_date, custodian_date).
-- Units:   micro-shares; in a row of kind 'basis', micro-dollars. Lots compared together are joined by ' + '.
create table lot_break (
    account_id varchar not null,
    security_id varchar not null,
    book_lot_id varchar,             -- null: the book has no such lot
    custodian_lot_id varchar,        -- null: the custodian has no such lot
    kind varchar not null check (
        kind in (
            'missing_in_book', 'missing_at_custodian', 'shares', 'basis', 'acquired_date', 'holding_start', 'term'
        )
    ),
    book_micro bigint not null,
    custodian_micro bigint not null,
    book_date date,                  -- acquired date, or the first holding start that differs; null for totals
    custodian_date date,
    holds boolean not null           -- whether it holds the account, by lot_breaks_hold in book.toml
)
