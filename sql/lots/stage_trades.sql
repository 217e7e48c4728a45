-- stage_trades: tonight's activity of the shard's accounts, less what a later row of the same file supersedes.
-- Grain:   one row per row of the feed.
-- Reads:   activity, ledger_account, ledger_security, transfer_pair.
-- Binds:   $same_day_order.
-- Order:   none needed.
-- Notes:   the feed tells no time of day, so trades of one day have no order among themselves (26 CFR 1.1091-1(b)); the
--          reading 'exec' takes the order of the event's names, group by group. A purchase without a lot is a lot of its own.
insert into trade by name
select
    activity.event_id,
    activity.account_id,
    ledger_account.household_id,
    activity.kind,
    activity.trade_date,
    activity.security_id,
    coalesce(ledger_security.identical_group, activity.security_id) as identical_group,
    case
        when activity.kind in ('buy', 'reinvest', 'transfer_in') then coalesce(activity.lot_id, activity.event_id)
        else activity.lot_id
    end as lot_id,
    activity.micro_shares,
    activity.amount_microusd,
    coalesce(
        case
            when activity.kind in ('buy', 'reinvest', 'withdrawal', 'fee') then -activity.amount_microusd
            when activity.kind in ('sell', 'dividend', 'deposit') then activity.amount_microusd
        end,
        0
    ) as cash_microusd,
    activity.acquired_date,
    activity.holding_start_date,
    transfer_pair.other_account_id,
    activity.supersedes,
    case $same_day_order when 'exec' then dense_rank() over (
        partition by
            ledger_account.taxpayer_id,
            pair_security(activity.kind, coalesce(ledger_security.identical_group, activity.security_id))
        order by activity.event_id
    ) else 0 end as sequence
from activity.activity
join ledger_account on ledger_account.account_id = activity.account_id
left join ledger_security on ledger_security.security_id = activity.security_id
left join transfer_pair
    on transfer_pair.event_id = activity.event_id and transfer_pair.account_id = activity.account_id
where not exists (select 1 from activity.activity as later where later.supersedes = activity.event_id)
