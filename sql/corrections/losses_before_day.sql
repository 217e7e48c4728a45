-- losses_before_day: the losses that the replay works, before the day.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss.
-- Binds:   nothing.
-- Order:   none needed.
create or replace table before.open_loss as
from exposed_loss
