-- drop_touched: sublots of the night before that tonight could change; what became of them is written anew.
-- Grain:   rows of sublot.
-- Reads:   touched.
-- Binds:   nothing.
-- Order:   none needed.
-- Notes:   the table is the one of the night before, copied with its file, so a row has the rowid that it had there.
delete from sublot where rowid in (from touched)
