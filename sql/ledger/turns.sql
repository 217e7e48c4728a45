-- turns: the turns of the day, and what kinds of trade each has; a sale without a lot is of two kinds. What actions sold
--        of fractions is done.
-- Grain:   one row per turn.
-- Reads:   trade.
-- Binds:   nothing.
-- Order:   turn.
with named as (
    select turn, kind from trade where turn >= 0
    union all
    select turn, 'sale of oldest' as kind from trade where kind = 'sell' and lot_id is null
)
select turn, list(distinct kind) as kinds from named group by turn order by turn
