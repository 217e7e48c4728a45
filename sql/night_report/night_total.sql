-- night_total: the night in figures.
-- Grain:   one row per figure.
-- Reads:   trades.
-- Binds:   nothing.
-- Order:   figure.
insert into night_total
with totals as (
    select
        count(*) as accounts,
        sum(orders) as orders,
        sum(harvested_loss_microusd)::bigint as harvested_microusd,
        sum(realized_gain_microusd)::bigint as realized_microusd,
        sum(tax_saved_microusd)::bigint as saved_microusd,
        max(gap_bp) as gap_bp_max
    from trades.account_outcome
),
traded as (
    select coalesce(sum(estimated_microusd), 0)::bigint as traded_microusd from trades.published_order
)
select 'accounts' as figure, accounts::decimal(24, 6) as amount, 'accounts' as unit from totals
union all
select 'orders', orders::decimal(24, 6), 'orders' from totals
union all
select 'traded value', traded_microusd * 0.000001, 'usd' from traded
union all
select 'harvested losses', harvested_microusd * 0.000001, 'usd' from totals
union all
select 'realised gain', realized_microusd * 0.000001, 'usd' from totals
union all
select 'tax saved', saved_microusd * 0.000001, 'usd' from totals
union all
select 'largest gap', coalesce(gap_bp_max, 0)::decimal(24, 6), 'bp' from totals
order by figure
