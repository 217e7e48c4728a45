-- open_losses: the loss sales of a household that close a group to purchases on the trade date.
-- Grain:   one row per (identical_group, sale_date, account_id, security_id, lot_id, sale_id).
-- Reads:   lots, policies.
-- Binds:   $household_id, $trade_date.
-- Order:   identical_group, sale_date, account_id, security_id, lot_id, sale_id.
select
    coalesce(security.identical_group_next, open_loss.security_id) as identical_group,
    open_loss.account_id,
    open_loss.security_id,
    open_loss.lot_id,
    open_loss.sale_id as event_id,
    open_loss.sale_date as day,
    open_loss.sale_date + 30 as last_day,
    sum(open_loss.position_hi - open_loss.position_lo)::bigint as micro_shares,
    sum(part(
        open_loss.loss_microusd,
        open_loss.loss_shares,
        open_loss.position_lo - open_loss.loss_from,
        open_loss.position_hi - open_loss.loss_from
    ))::bigint as loss_microusd
from lots.open_loss
left join policies.security on security.security_id = open_loss.security_id
where open_loss.household_id = $household_id and open_loss.sale_date + 30 >= $trade_date::date
group by all
order by identical_group, day, open_loss.account_id, open_loss.security_id, open_loss.lot_id, event_id
