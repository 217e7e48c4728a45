-- no_buy: groups in which a purchase on or after the next trade date would still undo a realised loss.
-- Grain:   one row per (household_id, identical_group, last_day).
-- Reads:   lots, policies.
-- Binds:   $trade_date.
-- Order:   household_id, identical_group, last_day.
insert into no_buy
select
    open_loss.household_id,
    coalesce(security.identical_group_next, open_loss.security_id) as identical_group,
    sum(open_loss.position_hi - open_loss.position_lo)::bigint as micro_shares,
    sum(part(
        open_loss.loss_microusd,
        open_loss.loss_shares,
        open_loss.position_lo - open_loss.loss_from,
        open_loss.position_hi - open_loss.loss_from
    ))::bigint as loss_microusd,
    open_loss.sale_date + 30 as last_day
from lots.open_loss
left join policies.security on security.security_id = open_loss.security_id
where open_loss.sale_date + 30 >= $trade_date::date
group by all
order by open_loss.household_id, identical_group, last_day
