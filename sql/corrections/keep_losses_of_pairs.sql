-- keep_losses_of_pairs: only the losses of the pairs are worked.
-- Grain:   rows of exposed_loss.
-- Reads:   pair.
-- Binds:   nothing.
-- Order:   none needed.
delete from exposed_loss
where not exists (
    select 1 from pair
    where pair.household_id = exposed_loss.household_id and pair.security_id = exposed_loss.security_id
)
