-- is_worn: whether more than a fifth of the sublots was replaced since all were last written in order.
-- Grain:   one row.
-- Reads:   before.
-- Binds:   nothing.
-- Order:   one row.
-- Notes:   rows keep their rowid for as long as their file is carried on; what is added takes the next ones.
select coalesce(max(rowid) + 1 > 1.2 * count(*), true) as is_worn from before.sublot
