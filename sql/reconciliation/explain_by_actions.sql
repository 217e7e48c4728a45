-- explain_by_actions: differences that a corporate action of the last 30 days makes, booked on one side only.
-- Grain:   one row per (account_id, security_id, rank, explanation).
-- Reads:   position_difference, actions.
-- Binds:   $night.
-- Order:   none needed.
-- Note:    shares are compared to a thousandth: custodian and book round fractions each in their own way.
insert into explanation
with recent as (
    select
        *,
        replace(kind, '_', ' ') || ' ' || action_id || ' of ' || effective_date
        || coalesce(', ' || ratio_new || ' for ' || ratio_old, '') as told
    from actions.known_action
    where effective_date between $night::date - 30 and $night::date
),
reshaped as (
    select
        position_difference.account_id,
        position_difference.security_id,
        recent.told,
        abs(custodian_micro::hugeint * ratio_new - book_micro::hugeint * ratio_old) <= 1000 * ratio_new as as_before,
        abs(custodian_micro::hugeint * ratio_old - book_micro::hugeint * ratio_new) <= 1000 * ratio_old as as_after
    from position_difference
    join recent on recent.security_id = position_difference.security_id
    where
        recent.kind in ('split', 'stock_dividend') and recent.ratio_new is not null
        and position_difference.book_micro > 0 and position_difference.custodian_micro > 0
)
select account_id, security_id, 4 as rank, 'corporate_action' as kind, 'custodian' as missing_at,
    'the custodian holds as before the ' || told as explanation
from reshaped
where as_before
union all
select account_id, security_id, 4 as rank, 'corporate_action' as kind, 'book' as missing_at,
    'the book holds as before the ' || told as explanation
from reshaped
where as_after and not as_before
union all
-- What takes shares away altogether: the custodian still has the old name where the book has none of it, or the reverse.
select position_difference.account_id, position_difference.security_id, 5 as rank, 'corporate_action' as kind,
    case when recent.booked_on is not null then 'custodian' else 'book' end as missing_at,
    case when recent.booked_on is not null then 'the custodian holds as before the ' else 'the book holds as before the ' end
    || recent.told as explanation
from position_difference
join recent on recent.security_id = position_difference.security_id
where
    recent.kind in ('merger', 'symbol_change', 'delisting')
    and case when recent.booked_on is not null then book_micro else custodian_micro end = 0
union all
-- And what gives a new name: the custodian has none of it where the book has, or the reverse.
select position_difference.account_id, position_difference.security_id, 5 as rank, 'corporate_action' as kind,
    case when recent.booked_on is not null then 'custodian' else 'book' end as missing_at,
    case when recent.booked_on is not null then 'the custodian lacks the shares of the ' else 'the book lacks the shares of the ' end
    || recent.told as explanation
from position_difference
join recent on recent.new_security_id = position_difference.security_id
where
    recent.kind in ('merger', 'symbol_change', 'spinoff')
    and case when recent.booked_on is not null then custodian_micro else book_micro end = 0
union all
select position_difference.account_id, position_difference.security_id, 6 as rank, 'corporate_action' as kind,
    'book' as missing_at,
    'the ' || recent.told || ' is not booked: ' || recent.why_not as explanation
from position_difference
join recent on recent.security_id = position_difference.security_id
where recent.booked_on is null
