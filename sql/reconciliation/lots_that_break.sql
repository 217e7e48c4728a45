-- lots_that_break: the differences of lots that the book's settings let hold an account.
-- Grain:   one row per holding row of lot_break.
-- Reads:   lot_breaks.
-- Binds:   nothing.
-- Order:   none needed.
insert into holding_break
select
    account_id,
    true as of_lot,
    kind,
    security_id,
    'lot ' || coalesce(book_lot_id, custodian_lot_id) || ' of ' || security_id || ', ' || replace(kind, '_', ' ')
    || ': book ' || case when kind in ('acquired_date', 'holding_start', 'term') then book_date::varchar
        else (book_micro / 1e6)::decimal(24, 6)::varchar end
    || ', custodian ' || case when kind in ('acquired_date', 'holding_start', 'term') then custodian_date::varchar
        else (custodian_micro / 1e6)::decimal(24, 6)::varchar end as sentence
from lot_breaks.lot_break
where holds
