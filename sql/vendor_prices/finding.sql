-- finding: what the rules noticed in the vendor's file, and what followed.
-- Grain:   one row per (kind, subject).
-- Reads:   vendor_close, told, expected_name, unknown_symbol, judged_factor, settled, revised_close.
-- Binds:   $repeated (rows that came again), $complete_share_min (a smaller share of the expected names is partial).
-- Order:   kind, subject.
insert into finding
with coverage as (
    select
        count(*) as names,
        count(vendor_close.close_microusd) as found
    from expected_name
    left join vendor_close using (security_id)
),
noticed as (
    select
        'partial file' as kind,
        'file' as subject,
        format('closes of {} of {} names in a benchmark or owned', found, names) as found,
        format('at least {:.0f} %', 100 * $complete_share_min) as expected,
        'frozen' as effect
    from coverage
    where found < $complete_share_min * names
    union all
    select 'repeated rows', 'file', format('{} rows that came again', $repeated), 'every row once', 'told'
    where $repeated > 0
    union all
    -- A vendor delivers more names than a book has; one of the book's under a new symbol is a missing name as well.
    select
        'unknown symbol',
        'file',
        format('{} symbols, the first {} at line {}', count(*), min_by(symbol, line), min(line)),
        'symbols of securities',
        'left out'
    from unknown_symbol
    having count(*) > 0
    union all
    select
        'missing name',
        security_id,
        coalesce('no close under ' || vendor_close.symbol, 'no row'),
        'a close of the night',
        'frozen'
    from expected_name
    left join vendor_close using (security_id)
    where vendor_close.close_microusd is null and vendor_close.doubt is distinct from 'contradicting rows'
    union all
    select 'contradicting rows', security_id, 'two rows of one day that differ', 'one', 'frozen'
    from vendor_close
    where doubt = 'contradicting rows'
    union all
    select 'no volume', security_id, 'a close without a trade', 'a volume above zero', 'frozen'
    from vendor_close
    where doubt = 'no volume'
    union all
    select
        'revised beyond belief',
        security_id,
        in_dollars(second_microusd) || ' on ' || revised_close.session,
        in_dollars(first_microusd) || ', as that night''s file told',
        'frozen'
    from revised_close
    join vendor_close using (security_id)
    where vendor_close.doubt = 'revised'
    union all
    select
        verdict,
        security_id,
        case
            when verdict = 'dividend without an action'
                then format('a factor of {:.6f}, some ${:.4f} a share', factor, (1 - factor) * earlier_microusd / 1e6)
            else format('a factor of {:.6f}', factor)
        end,
        format('{:.6f}, which tonight''s actions explain', explained_factor),
        case when verdict = 'suspected action' then 'frozen' else 'told' end
    from judged_factor
    where verdict is not null
    union all
    select
        'suspicion settled',
        security_id,
        coalesce('the action ' || action_id, 'the operator''s confirmation'),
        'what explains the factor of ' || session,
        'believed'
    from settled
)
from noticed
order by kind, subject
