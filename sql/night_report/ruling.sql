-- ruling: the switches that were on and the breaks that were accepted, with what each met.
-- Grain:   one row per ruling_id.
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   ruling_id.
insert into ruling
select
    ruling_id,
    'freeze ' || rtrim(scope || ' ' || target) as what,
    reason,
    case scope
        when 'security' then 'no order'
        else (
            select count(*) from trades.account_outcome
            where target = case scope when 'account' then account_id when 'household' then household_id else '' end
        ) || ' accounts held'
    end as met
from trades.switch
union all
select
    acceptance.ruling_id,
    'accept ' || acceptance.account_id || ' ' || coalesce(acceptance.security_id, 'cash') || ' '
    || (acceptance.difference_micro * 0.000001)::decimal(24, 6) as what,
    acceptance.reason,
    case
        when recon_break.account_id is null then 'no such break any more: withdraw it'
        when recon_break.accepted_by = acceptance.ruling_id then 'the break is exactly this'
        else 'another difference: the account is held'
    end as met
from trades.acceptance
left join trades.recon_break
    on recon_break.account_id = acceptance.account_id
    and recon_break.security_id is not distinct from acceptance.security_id
order by ruling_id
