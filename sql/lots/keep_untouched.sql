-- keep_untouched: sublots that tonight cannot change, copied as they are.
-- Grain:   one row per sublot.
-- Reads:   before, touched.
-- Binds:   nothing.
-- Order:   as the night before wrote them; the digest sorts.
insert into sublot
select sublot.*
from before.sublot
anti join touched on touched.source_row = sublot.rowid
