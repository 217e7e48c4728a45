-- decided_superseded: events that others supersede; a refusal of one of them is void.
-- Grain:   rows of decided.
-- Reads:   original.
-- Binds:   nothing.
-- Order:   none needed.
insert into decided
select event_id, account_id, true as superseded
from original
