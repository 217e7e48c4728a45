-- stage_actions: the understood actions that take effect on the day and change lots, by what the tax law makes of them.
-- Grain:   one row per action_id.
-- Reads:   actions.
-- Binds:   $night.
-- Order:   none needed.
-- Notes:   a cash dividend is booked from the custodian's activity; a symbol change without a new security changes no
--          lot. Of several actions of one security, a split comes before what is paid on the shares it gives, unless
--          their sequences say otherwise.
insert into day_action
with judged as (
    select
        *,
        case
            when kind = 'merger' and new_security_id is null then 'sale'
            when kind = 'merger' and cash_microusd > 0 then 'merger_boot'
            when kind = 'merger' then 'merger_stock'
            when kind = 'delisting' then 'sale'
            else kind
        end as tax_kind
    from actions.action
    where
        understood
        and effective_date = $night::date
        and kind <> 'cash_dividend'
        and not (kind = 'symbol_change' and new_security_id is null)
)
select
    action_id,
    row_number() over (
        order by coalesce(sequence, 0), kind not in ('split', 'stock_dividend'), action_id
    ) as sequence,
    tax_kind as kind,
    security_id,
    coalesce(new_security_id, security_id) as new_security_id,
    case when tax_kind in ('sale', 'return_of_capital', 'symbol_change') then 1 else ratio_new end as ratio_new,
    case when tax_kind in ('sale', 'return_of_capital', 'symbol_change') then 1 else ratio_old end as ratio_old,
    cash_microusd,
    fmv_old_microusd,
    fmv_new_microusd,
    cash_in_lieu_microusd
from judged
