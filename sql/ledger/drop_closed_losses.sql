-- drop_closed_losses: losses of which nothing is exposed any more.
-- Grain:   rows of exposed_loss.
-- Reads:   exposed_loss.
-- Binds:   $night.
-- Order:   none needed.
-- Notes:   a loss is exposed through the thirtieth day after its sale, that day included.
delete from exposed_loss where position_lo >= position_hi or sale_date < $night::date - 30
