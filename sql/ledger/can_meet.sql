-- can_meet: whether there are both losses and shares that could replace them.
-- Grain:   one row.
-- Reads:   loss_to_meet, candidate.
-- Binds:   nothing.
-- Order:   one row.
select exists (from loss_to_meet) and exists (from candidate) as can_meet
