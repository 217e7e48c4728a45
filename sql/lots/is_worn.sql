-- is_worn: whether the night before is better written anew than carried on: a fifth of its sublots' places are of rows
--          that are gone, or a third of a large file is no sublots.
-- Grain:   one row.
-- Reads:   before.
-- Binds:   nothing.
-- Order:   one row.
-- Notes:   a carried file keeps the places of rows until DuckDB finds row groups to merge, which leaves larger holes
--          still; and a file never gets smaller: what a night of many sales took stays, empty, in those after it.
select coalesce(max(rowid) + 1 > 1.2 * count(*), true) or (
    select database_size.total_blocks > 256 and 3 * (database_size.total_blocks - (
        select count(distinct storage.block_id)
        from pragma_storage_info('before.sublot') as storage
        where storage.block_id >= 0
    )) > database_size.total_blocks
    from pragma_database_size() as database_size
    where database_size.database_name = 'before'
) as is_worn
from before.sublot
