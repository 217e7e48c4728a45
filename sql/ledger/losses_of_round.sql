-- losses_of_round: the turn's losses that look for a replacement in this round.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss.
-- Binds:   $night, $turn, $round.
-- Order:   none needed; meeting orders them.
create or replace temp table loss_to_meet as
select * from exposed_loss where sale_date = $night::date and turn = $turn and round = $round
