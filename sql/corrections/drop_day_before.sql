-- drop_day_before: the replay's lots and losses before its last day are not needed any more.
-- Grain:   none.
-- Reads:   nothing.
-- Binds:   nothing.
-- Order:   none.
drop schema before cascade
