-- join_fraction_losses: the losses of fractions that actions of the day sold look for replacements in this turn.
-- Grain:   rows of exposed_loss.
-- Reads:   nothing else.
-- Binds:   $turn.
-- Order:   none needed.
update exposed_loss set turn = $turn where turn = -1
