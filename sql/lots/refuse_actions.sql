-- refuse_actions: actions whose terms do not suffice, in every account that holds the name; nothing is guessed.
-- Grain:   one row per (action_id, account_id).
-- Reads:   day_action, ledger_security, open_part.
-- Binds:   nothing.
-- Order:   event_id, account_id.
-- Notes:   the market assets freeze such names; this holds the ledger to it.
insert into refused_event
with judged as (
    select
        day_action.*,
        case
            when day_action.kind in ('spinoff', 'merger_stock', 'merger_boot') and ledger_security.security_id is null
                then 'LOT-021'
            when day_action.kind = 'spinoff' and (fmv_old_microusd is null or fmv_new_microusd is null) then 'LOT-020'
            when day_action.kind = 'merger_boot' and fmv_new_microusd is null then 'LOT-020'
            when day_action.kind in ('sale', 'return_of_capital') and cash_microusd is null then 'LOT-020'
            when day_action.kind in ('split', 'stock_dividend', 'spinoff', 'merger_stock', 'merger_boot')
                and (ratio_new is null or ratio_old is null)
                then 'LOT-020'
        end as code
    from day_action
    left join ledger_security
        on ledger_security.security_id = day_action.new_security_id
        and day_action.new_security_id <> day_action.security_id
)
select distinct
    open_part.household_id,
    open_part.account_id,
    judged.action_id as event_id,
    judged.code,
    'corporate action ' || judged.action_id || ', account ' || open_part.account_id as place,
    case judged.code
        when 'LOT-021' then 'a ' || judged.kind || ' of ' || judged.security_id || ' into ' || judged.new_security_id
        else 'a ' || judged.kind || ' of ' || judged.security_id || ' without all its terms'
    end as found,
    case judged.code
        when 'LOT-021' then 'another security, known from securities.csv'
        else 'ratio, cash and fair values, as its kind needs them'
    end as expected,
    'Supply the terms in the next corporate_actions feed; until then the holding is as it was.' as remedy
from judged
join open_part on open_part.security_id = judged.security_id
where judged.code is not null
order by event_id, account_id
