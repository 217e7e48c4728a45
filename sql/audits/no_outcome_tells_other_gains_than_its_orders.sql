-- no_outcome_tells_other_gains_than_its_orders: orders, harvested loss, realised gain and tax saved summed anew.
-- Grain:   one row per offending account_id.
-- Reads:   outcome, approved_order; proposed_order, policies.
-- Binds:   nothing.
-- Order:   account_id.
-- The judge confirms each order's gain by term; here they are summed apart from the statement that told them.
with priced as (
    select
        approved_order.account_id,
        account.registration not in ('ira', 'roth') as is_taxed,
        approved_order.gain_microusd,
        approved_order.loss_microusd,
        greatest(proposed_order.short_gain_microusd, 0) * account.short_rate
        + least(proposed_order.short_gain_microusd, 0) * account.short_loss_rate
        + greatest(proposed_order.long_gain_microusd, 0) * account.long_rate
        + least(proposed_order.long_gain_microusd, 0) * account.long_loss_rate as tax
    from approved_order
    join proposals.proposed_order
        on proposed_order.account_id = approved_order.account_id
        and proposed_order.security_id = approved_order.security_id
        and proposed_order.side = approved_order.side
        and proposed_order.lot_id is not distinct from approved_order.lot_id
    join policies.account on account.account_id = approved_order.account_id
),
summed as (
    select
        account_id,
        count(*) as orders,
        sum(case when is_taxed then loss_microusd else 0 end) as lost,
        sum(case when is_taxed then gain_microusd else 0 end) as gained,
        sum(case when is_taxed then tax else 0 end) as taxed
    from priced
    group by account_id
)
select
    outcome.account_id,
    outcome.harvested_loss_microusd,
    summed.lost,
    outcome.realized_gain_microusd,
    summed.gained,
    outcome.tax_saved_microusd,
    summed.taxed
from outcome
left join summed on summed.account_id = outcome.account_id
where
    outcome.orders <> coalesce(summed.orders, 0)
    or outcome.harvested_loss_microusd <> coalesce(summed.lost, 0)
    or outcome.realized_gain_microusd <> coalesce(summed.gained, 0)
    or abs(outcome.tax_saved_microusd + coalesce(summed.taxed, 0)) > 1
order by outcome.account_id
