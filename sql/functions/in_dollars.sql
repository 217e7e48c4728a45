-- in_dollars: micro-dollars as a person writes dollars, exactly: 12.5, 100, 0.000001; micro-shares as shares, likewise.
-- Reads:   its argument, an integer of millionths.
create or replace temp macro in_dollars(micro) as rtrim(rtrim((micro * 0.000001)::varchar, '0'), '.')
