-- is_worn: whether the night before left more than a fifth of its sublots' number as places of rows that are gone.
-- Grain:   one row.
-- Reads:   before.
-- Binds:   nothing.
-- Order:   one row.
-- Notes:   a carried file keeps such places until DuckDB finds row groups to merge, which leaves larger holes still.
select coalesce(max(rowid) + 1 > 1.2 * count(*), true) as is_worn from before.sublot
