-- lots_that_break: the differences of lots that the book's settings let hold an account.
-- Grain:   one row per holding row of lot_break.
-- Reads:   lot_breaks; recon_break of this partition.
-- Binds:   nothing.
-- Order:   none needed.
-- Note:    where the difference of a whole name is accepted, so are those of its lots: the name is not traded.
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
where
    holds
    and (account_id, security_id) not in (
        select (account_id, security_id) from recon_break where accepted_by is not null and security_id is not null
    )
