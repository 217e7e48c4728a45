-- open_loss: the losses that the replay works, under the name that the audits read them by.
-- Grain:   one row per loss_id.
-- Reads:   exposed_loss.
-- Binds:   nothing.
-- Order:   none needed.
create or replace temp view open_loss as
from exposed_loss
