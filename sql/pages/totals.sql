-- totals: the night in figures, for the page of an asset.
-- Grain:   one row per figure.
-- Reads:   shown.
-- Binds:   nothing.
-- Order:   figure.
select figure, format('{:,.2f}', amount::double) as amount, unit
from shown.night_total
order by figure
