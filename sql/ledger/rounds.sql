-- rounds: in how many rounds the turn's losses look for shares bought before them.
-- Grain:   one row.
-- Reads:   exposed_loss.
-- Binds:   $night, $turn.
-- Order:   one row.
select coalesce(max(round), 0) as rounds from exposed_loss where sale_date = $night::date and turn = $turn
