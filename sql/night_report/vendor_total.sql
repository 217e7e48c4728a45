-- vendor_total: what was noticed in the vendor's file, and what the closes told otherwise would have changed.
-- Grain:   one row per figure.
-- Reads:   feed.finding_count, feed.revised_account, feed.revised_outcome.
-- Binds:   nothing.
-- Order:   figure.
insert into night_total
select 'vendor file: ' || kind || ', ' || effect as figure, times::decimal(24, 6) as amount, 'names or rows' as unit
from feed.finding_count
union all
select 'night before, revised: accounts', count(distinct account_id)::decimal(24, 6), 'accounts'
from feed.revised_account
union all
select 'night before, revised: other outcomes', count(*)::decimal(24, 6), 'accounts'
from feed.revised_outcome
union all
select
    'night before, revised: value moved',
    coalesce(sum(abs(value_change_microusd::hugeint)), 0)::decimal(38, 0) * 0.000001,
    'usd'
from feed.revised_account
union all
select
    'night before, revised: orders moved',
    coalesce(sum(abs(order_change_microusd::hugeint)), 0)::decimal(38, 0) * 0.000001,
    'usd'
from feed.revised_account
order by figure
