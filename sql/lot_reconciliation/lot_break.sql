-- lot_break: the differences between the broker's view and the custodian's lots.
-- Grain:   one row per (account_id, security_id, book_lot_id, custodian_lot_id, kind, book_date, custodian_date).
-- Reads:   lot_part, compared_lot, compared_part.
-- Binds:   $shares_tolerance_micro, $basis_tolerance_microusd, $hold, $trade_date.
-- Order:   total, by account_id, security_id, book_lot_id, custodian_lot_id, kind, book_date.
-- Notes:   a basis is compared where the shares agree: by holding start where those agree too, else as a total. A
--          holding start that makes one side long-term and the other short-term on $trade_date is a break of term.
insert into lot_break
with pairing as (
    select
        account_id,
        security_id,
        compared_lot.pairing,
        string_agg(distinct lot_id, ' + ' order by lot_id) filter (where side = 'book') as book_lot_id,
        string_agg(distinct lot_id, ' + ' order by lot_id) filter (where side = 'custodian') as custodian_lot_id,
        coalesce(sum(micro_shares) filter (where side = 'book'), 0)::bigint as book_shares,
        coalesce(sum(micro_shares) filter (where side = 'custodian'), 0)::bigint as custodian_shares,
        min(acquired_date) filter (where side = 'book') as book_acquired,
        min(acquired_date) filter (where side = 'custodian') as custodian_acquired
    from lot_part
    join compared_lot using (side, account_id, security_id, lot_id)
    group by account_id, security_id, compared_lot.pairing
),
of_both as (
    from pairing
    where
        book_lot_id is not null
        and custodian_lot_id is not null
        and abs(book_shares - custodian_shares) <= $shares_tolerance_micro
),
basis as (
    select
        account_id,
        security_id,
        pairing,
        case when agrees then holding_start_date end as started,
        sum(book_basis)::bigint as book_basis,
        sum(custodian_basis)::bigint as custodian_basis
    from compared_part
    group by account_id, security_id, pairing, started
),
started as (
    select
        account_id,
        security_id,
        pairing,
        sum(greatest(book_shares - custodian_shares, 0))::bigint as book_shares,
        sum(greatest(custodian_shares - book_shares, 0))::bigint as custodian_shares,
        min(holding_start_date) filter (where book_shares > custodian_shares) as book_started,
        min(holding_start_date) filter (where custodian_shares > book_shares) as custodian_started
    from compared_part
    where not agrees
    group by account_id, security_id, pairing
),
difference as (
    select
        account_id,
        security_id,
        book_lot_id,
        custodian_lot_id,
        case
            when book_lot_id is null then 'missing_in_book'
            when custodian_lot_id is null then 'missing_at_custodian'
            else 'shares'
        end as kind,
        book_shares as book_micro,
        custodian_shares as custodian_micro,
        book_acquired as book_date,
        custodian_acquired as custodian_date
    from pairing
    where abs(book_shares - custodian_shares) > $shares_tolerance_micro
    union all
    select
        account_id, security_id, book_lot_id, custodian_lot_id, 'basis', basis.book_basis, basis.custodian_basis,
        basis.started, basis.started
    from of_both
    join basis using (account_id, security_id, pairing)
    where abs(basis.book_basis - basis.custodian_basis) > $basis_tolerance_microusd
    union all
    select
        account_id, security_id, book_lot_id, custodian_lot_id, 'acquired_date', book_shares, custodian_shares,
        book_acquired, custodian_acquired
    from of_both
    where book_acquired <> custodian_acquired
    union all
    select
        account_id,
        security_id,
        book_lot_id,
        custodian_lot_id,
        case
            when ($trade_date::date >= long_from(started.book_started))
                <> ($trade_date::date >= long_from(started.custodian_started)) then 'term'
            else 'holding_start'
        end,
        started.book_shares,
        started.custodian_shares,
        started.book_started,
        started.custodian_started
    from of_both
    join started using (account_id, security_id, pairing)
)
select
    *,
    $hold = 'all' or ($hold = 'shares' and kind in ('missing_in_book', 'missing_at_custodian', 'shares')) as holds
from difference
order by account_id, security_id, book_lot_id, custodian_lot_id, kind, book_date
