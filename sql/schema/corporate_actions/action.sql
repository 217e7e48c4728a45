-- action: tonight's corporate actions: those that take effect tonight, those first told after their day, and waiting ones
--         whose terms arrived tonight. Those understood are booked tonight, on the day on which they take effect.
-- Grain:   one row per action_id.
-- Units:   micro-dollars per share; the ratio is ratio_new new shares for ratio_old old ones.
create table action (
    action_id varchar not null,
    security_id varchar not null,
    kind varchar not null check (
        kind in (
            'cash_dividend', 'split', 'stock_dividend', 'spinoff', 'merger', 'return_of_capital',
            'symbol_change', 'delisting', 'unclassified'
        )
    ),
    ex_date date not null,
    effective_date date not null, -- the first session on or after ex_date
    sequence integer,             -- its place among the actions of its security and day, where it is stated
    ratio_new bigint check (ratio_new > 0),
    ratio_old bigint check (ratio_old > 0),
    cash_microusd bigint check (cash_microusd >= 0),
    new_security_id varchar,
    fmv_old_microusd bigint check (fmv_old_microusd > 0),
    fmv_new_microusd bigint check (fmv_new_microusd > 0),
    cash_in_lieu_microusd bigint check (cash_in_lieu_microusd >= 0),
    understood boolean not null, -- false: its terms do not suffice to book it, and the name is frozen
    why_not varchar              -- what is missing, where it is not understood
)
