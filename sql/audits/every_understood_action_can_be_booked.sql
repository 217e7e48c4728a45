-- every_understood_action_can_be_booked: understood actions that the lots would have to refuse.
-- Grain:   one row per offending action_id.
-- Reads:   action, known_security.
-- Binds:   nothing.
-- Order:   action_id.
-- Notes:   the terms that sql/lots/refuse_actions.sql asks for, kind by kind.
select action_id, kind
from action
where
    understood
    and case kind
        when 'cash_dividend' then false
        when 'symbol_change' then new_security_id is not null and new_security_id not in (select security_id from known_security)
        when 'split' then ratio_new is null or ratio_old is null
        when 'stock_dividend' then ratio_new is null or ratio_old is null
        when 'return_of_capital' then cash_microusd is null
        when 'delisting' then cash_microusd is null
        when 'unclassified' then true
        when 'spinoff' then
            ratio_new is null or ratio_old is null or fmv_old_microusd is null or fmv_new_microusd is null
            or new_security_id is null or new_security_id = security_id
            or new_security_id not in (select security_id from known_security)
        when 'merger' then case
            when new_security_id is null then cash_microusd is null
            else
                ratio_new is null or ratio_old is null or new_security_id = security_id
                or new_security_id not in (select security_id from known_security)
                or (cash_microusd > 0 and fmv_new_microusd is null)
        end
    end
order by action_id
