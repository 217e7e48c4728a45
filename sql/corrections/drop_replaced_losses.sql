-- drop_replaced_losses: the replay's losses take the place of those of the night before.
-- Grain:   rows of exposed_loss.
-- Reads:   corrected.
-- Binds:   nothing.
-- Order:   none needed.
delete from exposed_loss
where exists (
    select 1 from corrected
    where
        corrected.household_id = exposed_loss.household_id
        and corrected.security_id = exposed_loss.security_id
)
