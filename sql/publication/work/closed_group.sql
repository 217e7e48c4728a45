-- closed_group: groups that wash windows close to a household on the trade date.
-- Grain:   one row per window.
create or replace temp table closed_group (
    household_id varchar not null,
    identical_group varchar not null,
    closes varchar not null check (closes in ('buy', 'loss sale')),
    only_purchase varchar               -- the purchase whose own shares may still be sold at a loss, where there is one
)
