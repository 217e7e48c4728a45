-- open_loss: the losses that one shard's taxed accounts hold at tonight's close, by what may be done with them.
-- Grain:   one row per (account_id, state).
-- Reads:   trades, policies, prices, actions, risk, lots; closed_group.
-- Binds:   $shard, $trade_date.
-- Note:    the first state that applies: the account is held; the name or lot may not be sold (mode, restriction,
--          minimum holding days, frozen name); the household's wash window closes it; else it may be harvested.
--          Worth at the account's loss rates is what it would save in tax beside no gain.
-- Order:   account_id, state.
with lot as (
    select
        sublot.account_id,
        sublot.household_id,
        sublot.security_id,
        sublot.acquired_date,
        part(
            sublot.part_basis_microusd,
            sublot.part_shares,
            sublot.position_lo - sublot.part_from,
            sublot.position_hi - sublot.part_from
        ) - ((sublot.position_hi - sublot.position_lo) * price.close_microusd::hugeint // 1000000)::bigint
            as loss_microusd,
        $trade_date::date >= long_from(sublot.holding_start_date) as is_long,
        coalesce(
            sublot.bought_as, purchase_name(sublot.account_id, sublot.security_id, sublot.lot_id, sublot.acquired_date)
        ) as bought_as,
        not price.trusted as is_distrusted
    from lots.sublot
    join prices.price on price.security_id = sublot.security_id
),
barred as (
    select distinct restriction.account_id, security.security_id
    from policies.restriction
    join policies.security
        on (restriction.on_what = 'security' and restriction.value = security.security_id)
        or (restriction.on_what = 'sector' and restriction.value = security.sector)
    where restriction.kind = 'no_sell'
    union
    select account_id, security_id from policies.acceptance where security_id is not null
),
frozen as (
    select security_id from actions.frozen_security
    union
    select target from policies.switch where scope = 'security'
    union
    select security_id from prices.price where security_id not in (select security_id from risk.specific_risk)
)
select
    lot.account_id,
    case
        when outcome.status like 'HELD%' then 'held account'
        when
            account.mode in ('hold', 'buy_only')
            or $trade_date::date - lot.acquired_date < account.min_holding_days
            or lot.is_distrusted
            or frozen.security_id is not null
            or barred.security_id is not null
            then 'not to be sold'
        when closed_group.closed_to_loss_sales and closed_group.open_to_purchase is distinct from lot.bought_as
            then 'wash window'
        else 'open'
    end as state,
    count(*) as sublots,
    sum(lot.loss_microusd)::bigint as loss_microusd,
    sum(lot.loss_microusd * if(lot.is_long, account.long_loss_rate, account.short_loss_rate)
        order by lot.security_id, lot.bought_as, lot.loss_microusd) as worth_microusd
from lot
join trades.account_outcome as outcome on outcome.account_id = lot.account_id and outcome.shard = $shard
join policies.account on account.account_id = lot.account_id and account.registration in ('taxable', 'trust')
left join policies.security on security.security_id = lot.security_id
left join closed_group
    on closed_group.household_id = lot.household_id
    and closed_group.identical_group = coalesce(security.identical_group_next, lot.security_id)
left join frozen on frozen.security_id = lot.security_id
left join barred on barred.account_id = lot.account_id and barred.security_id = lot.security_id
where lot.loss_microusd > 0
group by lot.account_id, state
order by lot.account_id, state
