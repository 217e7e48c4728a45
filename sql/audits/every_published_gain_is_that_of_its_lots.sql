-- every_published_gain_is_that_of_its_lots: gains, losses and terms that the lots sold do not have.
-- Grain:   one row per offending (account_id, security_id, lot_id); a total of the account has neither security nor lot.
-- Reads:   allocation, account_outcome, sold_sum, policies.
-- Binds:   nothing.
-- Order:   account_id, security_id, lot_id.
-- A part's basis is cut to the micro-dollar, its value too: one micro-dollar is forgiven for each.
with total as (
    select
        allocation.account_id,
        coalesce(sum(gain_microusd), 0) as gain_microusd,
        coalesce(sum(-gain_microusd) filter (where gain_microusd < 0), 0) as netted_loss_microusd
    from allocation
    group by allocation.account_id
)
select allocation.account_id, allocation.security_id, allocation.lot_id
from allocation
left join sold_sum as sold
    on sold.account_id = allocation.account_id
    and sold.security_id = allocation.security_id
    and sold.lot_id = allocation.lot_id
where
    allocation.side = 'sell'
    and (
        sold.parts is null
        or abs(allocation.estimated_microusd - sold.basis_microusd - allocation.gain_microusd) > sold.parts
        or allocation.term is distinct from case when sold.long_term then 'long' else 'short' end
    )
union all
select account_outcome.account_id, null, null
from account_outcome
join policies.account on account.account_id = account_outcome.account_id
left join total on total.account_id = account_outcome.account_id
where
    account_outcome.realized_gain_microusd
    <> case when account.registration in ('taxable', 'trust') then coalesce(total.gain_microusd, 0) else 0 end
    or account_outcome.harvested_loss_microusd
    < case when account.registration in ('taxable', 'trust') then coalesce(total.netted_loss_microusd, 0) else 0 end
order by account_id, security_id, lot_id
