-- action: tonight's actions, and whether their terms suffice to book them.
-- Grain:   one row per action_id that is not booked yet and whose day has come.
-- Reads:   reported_action, known_before, known_security.
-- Binds:   $night, $first_night (dates).
-- Order:   action_id.
-- Notes:   the opening lots are those after every action before the first night. Two actions that reshape one security
--          on one day apply in the order of their sequences; one that is booked without a sequence stands at 0.
insert into action
with due as (
    select reported_action.*
    from reported_action
    left join known_before using (action_id)
    where
        reported_action.effective_date between $first_night::date and $night::date
        and known_before.booked_on is null
        -- A vendor's factor without terms, of an action that the operator's terms have told already.
        and not (
            reported_action.kind in ('unclassified', 'delisting')
            and exists (
                select 1 from known_before as told
                where
                    told.action_id like 'terms:%'
                    and told.action_id <> reported_action.action_id
                    and told.booked_on is not null
                    and told.security_id = reported_action.security_id
                    and told.effective_date = reported_action.effective_date
            )
        )
),
reshaping as (
    select action_id, security_id, new_security_id, effective_date, sequence
    from due
    where kind in ('split', 'stock_dividend', 'spinoff', 'merger')
    union all
    select
        known_before.action_id,
        known_before.security_id,
        known_before.new_security_id,
        known_before.effective_date,
        case when known_before.booked_on is not null then coalesce(known_before.sequence, 0) else known_before.sequence end
    from known_before
    where
        known_before.kind in ('split', 'stock_dividend', 'spinoff', 'merger')
        and known_before.action_id not in (select action_id from due)
),
disordered as (
    select distinct one.action_id
    from reshaping as one
    join reshaping as other
        on other.effective_date = one.effective_date
        and other.action_id <> one.action_id
        and (
            other.security_id in (one.security_id, one.new_security_id)
            or one.security_id in (other.security_id, other.new_security_id)
        )
    where one.sequence is null or other.sequence is null or one.sequence = other.sequence
),
judged as (
    select
        *,
        case
            when unresolved is not null
                then unresolved
            when kind = 'unclassified'
                then 'its terms are not known'
            when new_security_id is not null and new_security_id not in (select security_id from known_security)
                then 'new_security_id ' || new_security_id || ' is not a security of securities.csv'
            when kind in ('spinoff', 'merger') and new_security_id = security_id
                then 'new_security_id is the security itself'
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
            when action_id in (from disordered)
                then 'another action reshapes the security on the same day, and no sequence tells which is first'
        end as why_not
    from due
)
select
    action_id,
    security_id,
    kind,
    ex_date,
    effective_date,
    sequence,
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
