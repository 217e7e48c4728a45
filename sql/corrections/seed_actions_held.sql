-- seed_actions_held: the holdings, and the losses still exposed, that a late action reaches.
-- Grain:   rows of seed.
-- Reads:   late_action, before.
-- Binds:   $since (the action's day, or tonight for what is held now).
-- Order:   none needed.
insert into seed
select distinct held.household_id, late_action.security_id, late_action.effective_date as since
from late_action
join (
    select household_id, security_id from before.sublot
    union all
    select household_id, security_id from before.open_loss
) as held
    on held.security_id = late_action.security_id
where late_action.effective_date <= $since::date
