-- drop_replaced_losses: the replay's losses take the place of those of the night before.
-- Grain:   rows of exposed_loss.
-- Reads:   corrected.
-- Binds:   nothing.
-- Order:   none needed.
delete from exposed_loss where household_id in (from corrected)
