-- totals: the night in figures, for the page of an asset.
-- Grain:   one row per figure.
-- Reads:   shown.
-- Binds:   nothing.
-- Order:   figure.
select
    figure,
    case when unit in ('usd', 'bp') then format('{:,.2f}', amount::double) else format('{:,.0f}', amount::double) end as amount,
    unit
from shown.night_total
order by figure
