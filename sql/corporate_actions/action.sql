-- action: tonight's actions, and whether their terms suffice to book them.
-- Grain:   one row per action_id that is not booked yet and whose ex_date has come.
-- Reads:   reported_action, known_before.
-- Binds:   $night, $session_before (dates), $first (boolean: the book's first night).
-- Order:   action_id.
insert into action
with due as (
    select
        reported_action.*,
        coalesce(known_before.late, reported_action.ex_date <= $session_before) as late,
        -- In which order two of them were meant to apply, a file does not say.
        count(*) filter (where reported_action.kind in ('split', 'stock_dividend', 'spinoff', 'merger'))
            over (partition by reported_action.security_id) as reshapings
    from reported_action
    left join known_before using (action_id)
    where reported_action.ex_date <= $night
        and known_before.booked_on is null
        -- The opening lots are those after every action before the first night.
        and (reported_action.ex_date > $session_before or not $first)
),
judged as (
    select
        *,
        case
            when kind = 'unclassified'
                then 'its terms are not known'
            -- The custodian books dividends itself, and a new symbol moves no share: neither can come too late.
            when late and kind not in ('cash_dividend', 'symbol_change')
                then 'it arrived after its ex-date'
            when reshapings > 1 and kind in ('split', 'stock_dividend', 'spinoff', 'merger')
                then 'another action reshapes the security on the same night'
            when kind in ('cash_dividend', 'return_of_capital', 'delisting') and cash_microusd is null
                then 'cash_usd is missing'
            when kind in ('split', 'stock_dividend', 'spinoff') and ratio_new is null
                then 'ratio is missing'
            when kind = 'spinoff' and new_security_id is null
                then 'new_security_id is missing'
            when kind = 'spinoff' and (fmv_old_microusd is null or fmv_new_microusd is null)
                then 'fmv_old_usd or fmv_new_usd is missing'
            when kind = 'merger' and cash_microusd is null and new_security_id is null
                then 'neither cash_usd nor new_security_id is given'
            when kind = 'merger' and (new_security_id is null) <> (ratio_new is null)
                then 'new_security_id or ratio is missing'
            when kind = 'merger' and cash_microusd > 0 and new_security_id is not null and fmv_new_microusd is null
                then 'fmv_new_usd, which the gain on the cash depends on, is missing'
        end as why_not
    from due
)
select
    action_id,
    security_id,
    kind,
    ex_date,
    ratio_new,
    ratio_old,
    cash_microusd,
    new_security_id,
    fmv_old_microusd,
    fmv_new_microusd,
    cash_in_lieu_microusd,
    why_not is null as understood,
    why_not
from judged
order by action_id
