-- explain_by_numbers: differences that look like an action which nobody told the book of: a plain ratio, or another name.
-- Grain:   one row per (account_id, security_id, rank, explanation).
-- Reads:   position_difference.
-- Binds:   nothing.
-- Order:   none needed.
-- Note:    only exact numbers count, and a name for a name only where no other name could be meant.
insert into explanation
with ratio (numerator, denominator) as (
    values (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (8, 1), (10, 1), (15, 1), (20, 1), (3, 2), (4, 3), (5, 4)
),
both_ways as (
    select numerator, denominator from ratio
    union all
    select denominator, numerator from ratio
),
one_sided as (
    select *, abs(difference_micro) as micro_shares, book_micro = 0 as is_new
    from position_difference
    where book_micro = 0 or custodian_micro = 0
),
renamed as (
    select account_id, micro_shares, min(security_id) filter (where not is_new) as old, min(security_id) filter (where is_new) as new
    from one_sided
    group by account_id, micro_shares
    having count(*) filter (where not is_new) = 1 and count(*) filter (where is_new) = 1
)
select account_id, security_id, 7 as rank, 'corporate_action' as kind, 'book' as missing_at,
    'as after ' || numerator || ' for ' || denominator || ', of which no feed tells' as explanation
from position_difference
join both_ways on custodian_micro::hugeint * denominator = book_micro::hugeint * numerator
where book_micro > 0 and custodian_micro > 0
union all
select account_id, old as security_id, 8 as rank, 'corporate_action' as kind, 'book' as missing_at,
    'the custodian holds as many shares of ' || new || ', and no feed tells why' as explanation
from renamed
union all
select account_id, new as security_id, 8 as rank, 'corporate_action' as kind, 'book' as missing_at,
    'the book holds as many shares of ' || old || ', and no feed tells why' as explanation
from renamed
