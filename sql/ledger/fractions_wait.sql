-- fractions_wait: whether losses of fractions of a share wait for the day's first turn.
-- Grain:   one row.
-- Reads:   exposed_loss.
-- Binds:   nothing.
-- Order:   one row.
select exists (select 1 from exposed_loss where turn = -1) as wait
